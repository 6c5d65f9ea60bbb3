export { redisSink, type RedisSinkOptions } from './redis-sink.js'
export type { Sink } from '../outputs/sink.js'
