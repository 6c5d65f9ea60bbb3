export { redisSink, type RedisSinkOptions } from './redis-sink.js'
export { redisStream, type RedisStreamOptions } from './redis-stream.js'
export type { RedisEntry } from './redis-entry.js'
export type { DirectSink, Sink } from 'dstream'
