export { fileSink, type FileSinkOptions } from './file-sink.js'
export { readFileSink, type FileSinkBatch, type FileSinkRecords, type ReadFileSinkOptions } from './read-file-sink.js'
export type { Sink } from '../outputs/sink.js'
