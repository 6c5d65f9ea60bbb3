package dstream.spark;

/**
 * A worker that must not run tasks of this job. The driver shows the message as it is, so it has one line and says what to do.
 */
final class Refused extends RuntimeException {
  Refused(String message) {
    super(message, null, false, false);
  }
}
