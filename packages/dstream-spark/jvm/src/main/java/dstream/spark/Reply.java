package dstream.spark;

import java.io.Serializable;

/** What a worker has made of a task: the frame for the driver, and the blocks that stay here, by bucket. Most tasks leave none. */
record Reply(byte[] frame, byte[][] blocks) implements Serializable {
  static final byte[][] NO_BLOCKS = {};
}
