/**
 * The metrics of a server: handles, and nothing else. Those of instances are read when somebody asks for them, from the
 * numbers that instances keep in any case; the others are updated where something happens. Times are in seconds.
 */
import * as Metric from "effect/Metric"

const counter = (name: string, description: string): Metric.Counter<number> =>
  Metric.counter(name, { description, incremental: true })

const gauge = (name: string, description: string): Metric.Gauge<number> => Metric.gauge(name, { description })

/** Bounds in seconds that are bounds of buckets, too: powers of 4 from 64 µs to 17 s. */
export const boundaries = Array.from({ length: 10 }, (_, index) => (64 * 4 ** index) / 1e6)

const times = (name: string, description: string): Metric.Histogram<number> =>
  Metric.histogram(name, { description, boundaries })

/** Upgrade requests that were refused, by the status they were answered with. */
export const upgradesRefused = counter("fibra_upgrades_refused", "Upgrade requests that were refused")

/** Clients that asked for their previous session, by outcome. */
export const sessionResumes = counter("fibra_session_resumes", "Clients that asked for the session they had before")

/** Operations of the store, by kind. */
export const storeTimeouts = counter(
  "fibra_store_timeouts",
  "Operations of the snapshot store that did not answer in time"
)
export const storeHanging = gauge(
  "fibra_store_hanging",
  "Operations of the snapshot store that were given up and have not ended"
)

/** What is counted of each component. */
export const ofComponent = {
  actions: counter("fibra_actions", "Calls of actions that ended in any way"),
  failures: counter("fibra_failures", "Messages that failed with an error of the contract, or were refused"),
  defects: counter("fibra_crashes", "Crashes of instances"),
  timeouts: counter("fibra_handler_timeouts", "Handlers that were interrupted because they ran too long"),
  cancelled: counter("fibra_cancelled", "Messages whose senders gave up while they were handled"),
  writes: counter("fibra_writes", "Fields that clients set"),
  events: counter("fibra_events", "Events that instances heard in rooms"),
  updates: counter("fibra_updates", "How often a state was replaced"),
  renders: counter("fibra_renders", "Changes that were published"),
  restarts: counter("fibra_restarts", "How often a behaviour was built again"),
  started: counter("fibra_instances_started", "Instances that have started"),
  stopped: counter("fibra_instances_stopped", "Instances that have stopped")
} as const

/** How long it takes, by component. */
export const timesOfComponent = {
  run: times("fibra_action_seconds", "How long handlers run"),
  publish: times("fibra_publish_seconds", "How long it takes to publish a change"),
  wait: times("fibra_mailbox_wait_seconds", "How long messages wait in mailboxes")
} as const

/** What happens to instances, by component and happening. */
export const happenings = counter("fibra_instance_events", "What happens to instances")

/** Instances that are not healthy, by status. */
export const unwell = gauge("fibra_instances_unwell", "Instances that are degraded or unhealthy")

/** What has become of uploads. */
export const ofUploads = {
  started: counter("fibra_uploads_started", "Uploads that have begun, or were gone on with after a restart"),
  completed: counter("fibra_uploads_completed", "Uploads that were whole, and were taken"),
  failed: counter("fibra_uploads_failed", "Uploads that were refused or ended"),
  bytes: counter("fibra_upload_bytes", "Bytes of uploads that were stored")
} as const

/** What there is on the server. */
export const ofServer = {
  connections: gauge("fibra_connections", "Open connections"),
  sessions: gauge("fibra_sessions", "Sessions, with those that are parked"),
  parked: gauge("fibra_sessions_parked", "Sessions without a connection"),
  rooms: gauge("fibra_rooms", "Rooms"),
  uploads: gauge("fibra_uploads", "Uploads that are not complete"),
  uploadBuffer: gauge("fibra_upload_buffer_bytes", "Bytes of uploads that have come in and are not stored"),
  lag: gauge("fibra_event_loop_lag_seconds", "The longest time for which the event loop stood still lately"),
  rss: gauge("fibra_memory_resident_bytes", "Memory of the process"),
  heapUsed: gauge("fibra_memory_heap_bytes", "Memory in use on the heap")
} as const
