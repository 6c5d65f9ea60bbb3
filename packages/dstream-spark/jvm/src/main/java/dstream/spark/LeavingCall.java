package dstream.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;

/** Gives the one frame of a partition to a Node worker of its executor, and returns the reply with the blocks that it leaves. */
final class LeavingCall implements FlatMapFunction<Iterator<PlacedFrame>, Reply>, Serializable {
  private final Broadcast<Settings> settings;

  LeavingCall(Broadcast<Settings> settings) {
    this.settings = settings;
  }

  @Override
  public Iterator<Reply> call(Iterator<PlacedFrame> frames) {
    Reply reply = TaskCall.run(frames.next(), Reply.NO_BLOCKS, settings.value(), TaskContext.get());
    return List.of(reply).iterator();
  }
}
