/** A basket with a mistake, and the same mended, for docs/recording.md. */
import { Effect, Random, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

// #region contract
const Item = Schema.Struct({ id: Schema.Int, name: Schema.String, price: Schema.Int })

export class Basket extends Component.Service<Basket>()("Basket", {
  state: { items: Schema.Array(Item), total: Schema.Int, voucher: Component.secret(Schema.String) },
  initial: () => ({ items: [], total: 0, voucher: "" }),
  actions: [
    Rpc.make("Add", { payload: { name: Schema.String, price: Schema.Int }, success: Schema.Int }),
    Rpc.make("Remove", { payload: { id: Schema.Int } }),
    Rpc.make("Redeem", { payload: { voucher: Component.secret(Schema.String) } })
  ]
}) {}
// #endregion contract

type Item = typeof Item.Type

const layerWith = (priceOf: (items: ReadonlyArray<Item>, id: number) => number) =>
  Basket.toLayer(
    Effect.gen(function* () {
      const self = yield* Basket
      return Basket.of({
        Add: Effect.fn("Basket.Add")(function* ({ name, price }) {
          const id = yield* Random.nextIntBetween(1, 1_000_000)
          yield* self.update((state) => ({
            ...state,
            items: [...state.items, { id, name, price }],
            total: state.total + price
          }))
          return id
        }),
        Remove: ({ id }) =>
          self.update(({ items, total, ...state }) => ({
            ...state,
            items: items.filter((item) => item.id !== id),
            total: total - priceOf(items, id)
          })),
        Redeem: ({ voucher }) => self.update((state) => ({ ...state, voucher }))
      })
    })
  )

// #region broken
export const BasketLayer = layerWith((items, id) => {
  const item = items.find((item) => item.id === id) as Item
  return item.price // of an item that is not in the basket any more
})
// #endregion broken

// #region mended
export const MendedBasketLayer = layerWith((items, id) => items.find((item) => item.id === id)?.price ?? 0)
// #endregion mended
