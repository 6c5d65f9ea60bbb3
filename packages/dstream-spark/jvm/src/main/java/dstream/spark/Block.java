package dstream.spark;

import java.io.Serializable;

/** Pairs that a map side has made for one bucket, encoded, with their place among the other blocks of the bucket. */
record Block(int order, byte[] bytes) implements Serializable {}
