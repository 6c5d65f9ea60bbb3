package dstream.spark;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.apache.spark.rdd.RDD;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/** The blocks that the tasks of stages have left with their executors. Spark makes those again that are lost with one. */
final class LeftBlocks {
  static final ClassTag<byte[]> BYTES = ClassTag$.MODULE$.apply(byte[].class);

  private static final int BYTES_OF_SLICE = 16 << 20;

  private final JavaSparkContext sc;
  /** The replies of stages, by stage. */
  private final Map<Integer, JavaRDD<Reply>> kept = new HashMap<>();
  /** The stages that were to be forgotten before they had begun. */
  private final Set<Integer> forgotten = new HashSet<>();

  LeftBlocks(JavaSparkContext sc) {
    this.sc = sc;
  }

  /** Keeps the replies of a stage, and what its tasks leave, where they are made. */
  synchronized RDD<Reply> keep(int stage, RDD<PlacedFrame> frames, Broadcast<Settings> settings) {
    if (forgotten.remove(stage)) throw new IllegalStateException("the stage " + stage + " was cancelled");
    JavaRDD<Reply> replies =
        new JavaRDD<>(frames, Stages.FRAMES).mapPartitions(new LeavingCall(settings)).persist(StorageLevel.MEMORY_AND_DISK());
    kept.put(stage, replies);
    return replies.rdd();
  }

  synchronized void forget(int stage) {
    JavaRDD<Reply> replies = kept.remove(stage);
    if (replies == null) forgotten.add(stage);
    else replies.unpersist(false);
  }

  /** Returns the blocks of the buckets of tasks, which Spark's shuffle brings together. */
  JavaPairRDD<Integer, Block> byTask(Chosen chosen) {
    TreeMap<Integer, Integer> orders = chosen.orders();
    TreeMap<Integer, Integer> tasks = chosen.tasks();
    // The partitions are those of the stage in order, without some.
    List<Integer> inOrder = List.copyOf(orders.values());
    JavaPairRDD<Integer, Block> blocks = JavaPairRDD.fromJavaRDD(chosen(chosen.from(), orders)
        .mapPartitionsWithIndex((n, replies) -> placed(replies.next(), inOrder.get(n), tasks).iterator(), false));
    List<Tuple2<Integer, Block>> added = chosen.added();
    if (!added.isEmpty()) blocks = sc.parallelizePairs(added, slices(added)).union(blocks);
    return blocks.partitionBy(new ByNumber(tasks.size()));
  }

  /** Hands the blocks of tasks of a stage to `take`, by the index in the given order. */
  void fetch(int from, TreeMap<Integer, Integer> tasks, AbstractFunction2<Object, byte[], BoxedUnit> take) {
    sc.sc().runJob(chosen(from, tasks).rdd(), new Joined(), take, BYTES);
  }

  private synchronized JavaRDD<Reply> chosen(int from, TreeMap<Integer, Integer> tasks) {
    JavaRDD<Reply> replies = kept.get(from);
    if (replies == null) throw new IllegalStateException("the stage " + from + " has left nothing");
    RDD<Reply> some = PartitionPruningRDD.create(replies.rdd(), new IsIn(tasks));
    return new JavaRDD<>(some, replies.classTag());
  }

  /** Returns how many tasks of Spark bring blocks from the driver: one may not be too large. */
  private static int slices(List<Tuple2<Integer, Block>> added) {
    long bytes = added.stream().mapToLong(block -> block._2().bytes().length).sum();
    return 1 + (int) (bytes / BYTES_OF_SLICE);
  }

  /** Returns the blocks of a reply by task. */
  private static List<Tuple2<Integer, Block>> placed(Reply reply, int order, TreeMap<Integer, Integer> tasks) {
    byte[][] blocks = blocksOf(reply);
    List<Tuple2<Integer, Block>> placed = new ArrayList<>();
    tasks.forEach((bucket, task) -> {
      if (blocks[bucket].length > 0) placed.add(new Tuple2<>(task, new Block(order, blocks[bucket])));
    });
    return placed;
  }

  /** @throws WorkerLost where a task that was run again has left nothing: its functions give another result each time */
  private static byte[][] blocksOf(Reply reply) {
    if (reply.blocks().length > 0) return reply.blocks();
    throw new WorkerLost("A map side that was run again has not left its table");
  }

  /**
   * The blocks of a stage over blocks: the tasks of another one that have left some, with their order; further blocks by task; and the
   * tasks of the stage by bucket.
   */
  record Chosen(
      int from, TreeMap<Integer, Integer> orders, List<Tuple2<Integer, Block>> added, TreeMap<Integer, Integer> tasks) {
    static Chosen read(DataInputStream in) throws IOException {
      int from = in.readInt();
      TreeMap<Integer, Integer> orders = new TreeMap<>();
      for (int count = in.readInt(); count > 0; count--) orders.put(in.readInt(), in.readInt());
      List<Tuple2<Integer, Block>> given = new ArrayList<>();
      for (int count = in.readInt(); count > 0; count--) {
        int bucket = in.readInt();
        given.add(new Tuple2<>(bucket, new Block(in.readInt(), Wire.read(in))));
      }
      TreeMap<Integer, Integer> tasks = new TreeMap<>();
      int count = in.readInt();
      for (int task = 0; task < count; task++) tasks.put(in.readInt(), task);
      List<Tuple2<Integer, Block>> added = new ArrayList<>();
      for (Tuple2<Integer, Block> block : given) {
        Integer task = tasks.get(block._1());
        if (task != null) added.add(new Tuple2<>(task, block._2()));
      }
      return new Chosen(from, orders, added, tasks);
    }
  }

  private static final class IsIn extends AbstractFunction1<Object, Object> implements Serializable {
    private final TreeMap<Integer, Integer> tasks;

    IsIn(TreeMap<Integer, Integer> tasks) {
      this.tasks = tasks;
    }

    @Override
    public Object apply(Object task) {
      return tasks.containsKey((Integer) task);
    }
  }

  /** Returns all blocks of a task as one array: a length in front of each. */
  private static final class Joined extends AbstractFunction2<TaskContext, Iterator<Reply>, byte[]> implements Serializable {
    @Override
    public byte[] apply(TaskContext context, Iterator<Reply> replies) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      try {
        for (byte[] block : blocksOf(replies.next())) Wire.write(out, block);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return bytes.toByteArray();
    }
  }

  /** Takes the number of a task for its partition. */
  private static final class ByNumber extends Partitioner {
    private final int count;

    ByNumber(int count) {
      this.count = count;
    }

    @Override
    public int numPartitions() {
      return count;
    }

    @Override
    public int getPartition(Object task) {
      return (Integer) task;
    }
  }
}
