package dstream.spark;

import java.io.Serializable;

/**
 * The frame of a task, or of its reply, with a place. That of a task is the name of what it belongs to, which is empty for most; that
 * of a reply is the executor, as Spark's preferred locations name it.
 */
record PlacedFrame(String place, byte[] frame) implements Serializable {}
