package dstream.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction2;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** Gives the one frame of a partition and its blocks, in their order, to a Node worker of its executor, and returns the reply. */
final class BlocksCall
    implements FlatMapFunction2<Iterator<PlacedFrame>, Iterator<Tuple2<Integer, Block>>, PlacedFrame>, Serializable {
  private final Broadcast<Settings> settings;

  BlocksCall(Broadcast<Settings> settings) {
    this.settings = settings;
  }

  @Override
  public Iterator<PlacedFrame> call(Iterator<PlacedFrame> frames, Iterator<Tuple2<Integer, Block>> placed) {
    List<Block> blocks = new ArrayList<>();
    while (placed.hasNext()) blocks.add(placed.next()._2());
    // They come in the order in which they were fetched.
    blocks.sort(Comparator.comparingInt(Block::order));
    byte[][] bytes = blocks.stream().map(Block::bytes).toArray(byte[][]::new);
    return List.of(TaskCall.placed(frames.next(), bytes, settings.value(), TaskContext.get())).iterator();
  }
}
