export { httpReceiver, HttpReceiver, type HttpReceiverOptions, type HttpRequest } from './http-receiver.js'
export { webhookSink, type WebhookSinkOptions } from './webhook-sink.js'
export { eventSource, type EventSourceOptions, type ServerSentEvent } from './event-source.js'
export { webSocket, type WebSocketLike, type WebSocketOptions } from './web-socket.js'
