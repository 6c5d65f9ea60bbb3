package dstream.spark;

/** A task whose worker has ended before it replied. Spark tries it again. The stack would say nothing about the worker. */
final class WorkerLost extends RuntimeException {
  WorkerLost(String message) {
    super(message, null, false, false);
  }
}
