// Beside `npx tsx examples/counter/main.ts`: `npx vite examples/vue`.
// #region main
import { livePlugin, LiveStore } from "fibra/vue"
import { createApp } from "vue"
import CounterView from "./CounterView.vue"

createApp(CounterView).use(livePlugin(LiveStore.connect())).mount("#app")
// #endregion main
