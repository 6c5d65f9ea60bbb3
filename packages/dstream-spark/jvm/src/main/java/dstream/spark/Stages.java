package dstream.spark;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Serializable;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.RDD;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/** Runs stages, each as one job of Spark. Several may run at once. */
final class Stages {
  static final ClassTag<PlacedFrame> FRAMES = ClassTag$.MODULE$.apply(PlacedFrame.class);

  private final JavaSparkContext sc;
  private final DriverLine line;
  private final LeftBlocks left;
  private final ExecutorService threads = Executors.newCachedThreadPool(DaemonThreads.named("dstream stage"));
  /** The executors that have done the last tasks of places. */
  private final Map<String, String> executors = new ConcurrentHashMap<>();
  private volatile Broadcast<Settings> settings;

  Stages(JavaSparkContext sc, DriverLine line) {
    this.sc = sc;
    this.line = line;
    left = new LeftBlocks(sc);
  }

  void open(Settings given) {
    settings = sc.broadcast(given);
  }

  /** Begins a stage. Replies go to the line as they come, then one frame says that the stage has ended. */
  void begin(int stage, List<PlacedFrame> tasks) {
    threads.execute(() -> run(stage, () -> {
      sc.sc().runJob(framesOf(tasks), new TaskCall(settings), replied(stage, tasks), FRAMES);
    }));
  }

  /** Begins a stage whose tasks may leave blocks, until they are forgotten. */
  void beginLeaving(int stage, List<PlacedFrame> tasks) {
    threads.execute(() -> run(stage, () -> {
      RDD<Reply> replies = left.keep(stage, framesOf(tasks), settings);
      sc.sc().runJob(replies, new FrameOf(), Stages.<byte[]>handler((task, frame) -> {
        line.reply(stage, task, frame);
      }), LeftBlocks.BYTES);
    }));
  }

  /** Begins a stage over blocks. */
  void overBlocks(int stage, LeftBlocks.Chosen chosen, List<PlacedFrame> tasks) {
    threads.execute(() -> run(stage, () -> {
      JavaPairRDD<Integer, Block> blocks = left.byTask(chosen);
      RDD<PlacedFrame> replies = new JavaRDD<>(framesOf(tasks), FRAMES).zipPartitions(blocks, new BlocksCall(settings)).rdd();
      try {
        sc.sc().runJob(replies, new Only(), replied(stage, tasks), FRAMES);
      } finally {
        // Spark itself removes the files of a shuffle when this JVM collects garbage, which may be long after.
        blocks.rdd().cleanShuffleDependencies(false);
      }
    }));
  }

  /** Returns what notes where a task was done, and sends its reply. */
  private AbstractFunction2<Object, PlacedFrame, BoxedUnit> replied(int stage, List<PlacedFrame> tasks) {
    return handler((task, reply) -> {
      String place = tasks.get(task).place();
      if (!place.isEmpty()) executors.put(place, reply.place());
      line.reply(stage, task, reply.frame());
    });
  }

  /** Begins to fetch the blocks of tasks of a stage. Each reply has all of a task, with their lengths. */
  void fetch(int stage, int from, List<Integer> tasks) {
    TreeMap<Integer, Integer> chosen = new TreeMap<>();
    for (int task : tasks) chosen.put(task, task);
    List<Integer> inOrder = List.copyOf(chosen.keySet());
    threads.execute(() -> run(stage, () -> {
      left.fetch(from, chosen, handler((i, blocks) -> line.reply(stage, inOrder.get(i), blocks)));
    }));
  }

  /** Removes the blocks that the tasks of a stage have left. */
  void forget(int stage) {
    left.forget(stage);
  }

  /** Ends a stage whose replies are no longer wanted. */
  void cancel(int stage) {
    sc.cancelJobGroup(group(stage));
  }

  private void run(int stage, Runnable job) {
    String failure = "";
    try {
      sc.setJobGroup(group(stage), "dstream stage " + stage, true);
      job.run();
    } catch (Throwable e) {
      failure = textOf(e);
    }
    line.stageEnded(stage, failure);
  }

  private RDD<PlacedFrame> framesOf(List<PlacedFrame> tasks) {
    return sc.sc().makeRDD(CollectionConverters.asScala(located(tasks)).toSeq(), FRAMES);
  }

  /**
   * Returns the tasks with the executors that they prefer: each the one that has done the last task of its place. Where that has more
   * than its share, since there are other executors now, the rest prefers none.
   */
  private List<Tuple2<PlacedFrame, Seq<String>>> located(List<PlacedFrame> tasks) {
    int executorCount = executorCount();
    int share = (tasks.size() + executorCount - 1) / executorCount;
    Map<String, Integer> given = new HashMap<>();
    List<Tuple2<PlacedFrame, Seq<String>>> located = new ArrayList<>(tasks.size());
    for (PlacedFrame task : tasks) {
      String executor = executors.get(task.place());
      boolean isPreferred = executor != null && given.merge(executor, 1, Integer::sum) <= share;
      List<String> preferred = isPreferred ? List.of(executor) : List.of();
      located.add(new Tuple2<>(task, CollectionConverters.asScala(preferred).toSeq()));
    }
    return located;
  }

  /** Returns the number of executors; Spark's list has the driver too, which is the only one under a local master. */
  private int executorCount() {
    int count = sc.sc().statusTracker().getExecutorInfos().length;
    return Math.max(1, sc.isLocal() ? count : count - 1);
  }

  private static String textOf(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  private static String group(int stage) {
    return "dstream-" + stage;
  }

  private interface Take<T> {
    void take(int index, T result) throws IOException;
  }

  /** Returns what takes the result of each partition on the thread of Spark's scheduler. */
  private static <T> AbstractFunction2<Object, T, BoxedUnit> handler(Take<T> take) {
    return new AbstractFunction2<>() {
      @Override
      public BoxedUnit apply(Object index, T result) {
        try {
          take.take((Integer) index, result);
        } catch (IOException e) {
          // The driver has gone: the line's reader ends the program.
        }
        return BoxedUnit.UNIT;
      }
    };
  }

  /** Returns the one reply of a partition. */
  private static final class Only extends AbstractFunction2<TaskContext, Iterator<PlacedFrame>, PlacedFrame> implements Serializable {
    @Override
    public PlacedFrame apply(TaskContext context, Iterator<PlacedFrame> replies) {
      return replies.next();
    }
  }

  /** Returns the frame of a reply: its blocks stay. */
  private static final class FrameOf extends AbstractFunction2<TaskContext, Iterator<Reply>, byte[]> implements Serializable {
    @Override
    public byte[] apply(TaskContext context, Iterator<Reply> replies) {
      return replies.next().frame();
    }
  }
}
