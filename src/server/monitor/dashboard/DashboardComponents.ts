/** The components of the dashboard, and their behaviours. */
import * as Layer from "effect/Layer"
import { AlertTable } from "../../../dashboard/AlertTable.ts"
import { ComponentTable } from "../../../dashboard/ComponentTable.ts"
import { ConnectionTable } from "../../../dashboard/ConnectionTable.ts"
import { DashboardOverview } from "../../../dashboard/DashboardOverview.ts"
import { DeadLetterTable } from "../../../dashboard/DeadLetterTable.ts"
import { InstanceDetail } from "../../../dashboard/InstanceDetail.ts"
import { InstanceTable } from "../../../dashboard/InstanceTable.ts"
import { RoomTable } from "../../../dashboard/RoomTable.ts"
import { SupervisionTree } from "../../../dashboard/SupervisionTree.ts"
import * as AlertTableLayer from "./AlertTableLayer.ts"
import * as ComponentTableLayer from "./ComponentTableLayer.ts"
import * as ConnectionTableLayer from "./ConnectionTableLayer.ts"
import * as DeadLetterTableLayer from "./DeadLetterTableLayer.ts"
import * as InstanceDetailLayer from "./InstanceDetailLayer.ts"
import * as InstanceTableLayer from "./InstanceTableLayer.ts"
import * as OverviewLayer from "./OverviewLayer.ts"
import * as RoomTableLayer from "./RoomTableLayer.ts"
import * as SupervisionTreeLayer from "./SupervisionTreeLayer.ts"

/** All components. */
export const components = [
  DashboardOverview,
  ComponentTable,
  InstanceTable,
  InstanceDetail,
  SupervisionTree,
  RoomTable,
  ConnectionTable,
  AlertTable,
  DeadLetterTable
] as const

/** Their behaviours. */
export const layer = Layer.mergeAll(
  OverviewLayer.layer,
  ComponentTableLayer.layer,
  InstanceTableLayer.layer,
  InstanceDetailLayer.layer,
  SupervisionTreeLayer.layer,
  RoomTableLayer.layer,
  ConnectionTableLayer.layer,
  AlertTableLayer.layer,
  DeadLetterTableLayer.layer
)
