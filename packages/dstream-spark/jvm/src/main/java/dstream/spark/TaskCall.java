package dstream.spark;

import java.io.IOException;
import java.io.Serializable;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction2;

/** Gives the one frame of a partition to a Node worker of its executor, and returns the reply. */
final class TaskCall extends AbstractFunction2<TaskContext, Iterator<byte[]>, byte[]> implements Serializable {
  private final Broadcast<Settings> settings;

  TaskCall(Broadcast<Settings> settings) {
    this.settings = settings;
  }

  @Override
  public byte[] apply(TaskContext context, Iterator<byte[]> frames) {
    try {
      return WorkerPool.run(frames.next(), settings.value(), context);
    } catch (IOException e) {
      throw new WorkerLost(e.getMessage());
    }
  }
}
