package dstream.spark;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.RDD;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/** Runs stages, each as one job of Spark. Several may run at once. */
final class Stages {
  private static final ClassTag<byte[]> BYTES = ClassTag$.MODULE$.apply(byte[].class);

  private final JavaSparkContext sc;
  private final DriverLine line;
  private final ExecutorService threads = Executors.newCachedThreadPool(DaemonThreads.named("dstream stage"));
  private volatile Broadcast<Settings> settings;

  Stages(JavaSparkContext sc, DriverLine line) {
    this.sc = sc;
    this.line = line;
  }

  void open(Settings given) {
    settings = sc.broadcast(given);
  }

  /** Begins a stage. Replies go to the line as they come, then one frame says that the stage has ended. */
  void begin(int stage, List<byte[]> tasks) {
    threads.execute(() -> run(stage, tasks));
  }

  /** Ends a stage whose replies are no longer wanted. */
  void cancel(int stage) {
    sc.cancelJobGroup(group(stage));
  }

  private void run(int stage, List<byte[]> tasks) {
    String failure = "";
    try {
      sc.setJobGroup(group(stage), "dstream stage " + stage, true);
      RDD<byte[]> frames = sc.parallelize(tasks, tasks.size()).rdd();
      sc.sc().runJob(frames, new TaskCall(settings), new Replies(stage, line), BYTES);
    } catch (Throwable e) {
      failure = textOf(e);
    }
    line.stageEnded(stage, failure);
  }

  private static String textOf(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  private static String group(int stage) {
    return "dstream-" + stage;
  }

  /** Takes the result of each partition on the thread of Spark's scheduler, and hands it on. */
  private static final class Replies extends AbstractFunction2<Object, byte[], BoxedUnit> {
    private final int stage;
    private final DriverLine line;

    Replies(int stage, DriverLine line) {
      this.stage = stage;
      this.line = line;
    }

    @Override
    public BoxedUnit apply(Object partition, byte[] reply) {
      try {
        line.reply(stage, (Integer) partition, reply);
      } catch (IOException e) {
        // The driver has gone: the line's reader ends the program.
      }
      return BoxedUnit.UNIT;
    }
  }
}
