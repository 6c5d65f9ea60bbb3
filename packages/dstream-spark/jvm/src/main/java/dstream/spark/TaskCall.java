package dstream.spark;

import java.io.IOException;
import java.io.Serializable;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.BlockManagerId;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction2;

/** Gives the one frame of a partition to a Node worker of its executor, and returns the reply. */
final class TaskCall extends AbstractFunction2<TaskContext, Iterator<PlacedFrame>, PlacedFrame> implements Serializable {
  private final Broadcast<Settings> settings;

  TaskCall(Broadcast<Settings> settings) {
    this.settings = settings;
  }

  @Override
  public PlacedFrame apply(TaskContext context, Iterator<PlacedFrame> frames) {
    return placed(frames.next(), Reply.NO_BLOCKS, settings.value(), context);
  }

  /** Returns the frame of the reply, with this executor. @throws WorkerLost where the worker has ended before it replied */
  static PlacedFrame placed(PlacedFrame task, byte[][] blocks, Settings settings, TaskContext context) {
    return new PlacedFrame(executor(), run(task, blocks, settings, context).frame());
  }

  /** @throws WorkerLost where the worker has ended before it replied */
  static Reply run(PlacedFrame task, byte[][] blocks, Settings settings, TaskContext context) {
    try {
      return WorkerPool.run(task, blocks, settings, context);
    } catch (IOException e) {
      throw new WorkerLost(e.getMessage());
    }
  }

  private static String executor() {
    BlockManagerId id = SparkEnv.get().blockManager().blockManagerId();
    return "executor_" + id.host() + "_" + id.executorId();
  }
}
