package dstream.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction2;

/** Gives the blocks of one bucket, in their order, to a Node worker of its executor, and returns the reply; no bytes without blocks. */
final class MergeCall extends AbstractFunction2<TaskContext, Iterator<Tuple2<Integer, Block>>, byte[]>
    implements Serializable {
  private final Broadcast<Settings> settings;
  private final byte[] frame;

  MergeCall(Broadcast<Settings> settings, byte[] frame) {
    this.settings = settings;
    this.frame = frame;
  }

  @Override
  public byte[] apply(TaskContext context, Iterator<Tuple2<Integer, Block>> placed) {
    List<Block> blocks = new ArrayList<>();
    while (placed.hasNext()) blocks.add(placed.next()._2());
    if (blocks.isEmpty()) return new byte[0];
    // They come in the order in which they were fetched.
    blocks.sort(Comparator.comparingInt(Block::order));
    byte[][] bytes = blocks.stream().map(Block::bytes).toArray(byte[][]::new);
    return TaskCall.run(new PlacedFrame("", frame), bytes, settings.value(), context).frame();
  }
}
