import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.Optional;
import org.apache.spark.api.java.StorageLevels;
import org.apache.spark.api.java.function.Function3;
import org.apache.spark.streaming.Durations;
import org.apache.spark.streaming.State;
import org.apache.spark.streaming.StateSpec;
import org.apache.spark.streaming.Time;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaPairDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.scheduler.BatchInfo;
import org.apache.spark.streaming.scheduler.StreamingListener;
import org.apache.spark.streaming.scheduler.StreamingListenerBatchCompleted;
import scala.Tuple2;

/**
 * The jobs of `npm run bench:spark`, written as Spark's DStreams; dstream-jobs.mjs has the same jobs. The arguments are
 * `name=value`. The result is one line of JSON on stdout, and the process ends with it.
 */
public final class SparkJobs {
  private static final Map<String, String> ARGUMENTS = new HashMap<>();
  /** The batches that make all keys of a state. */
  private static final int LOADS = 10;
  /** The partitions of a batch of keys. */
  private static final int RANGES = 4;
  private static final Pattern BLANKS = Pattern.compile("\\s+");
  private static final ObjectReader POSTS =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false).readerFor(Post.class);

  /** A post of the feed. All fields are decoded, as `JSON.parse` does. */
  public static final class Post {
    public String id;
    public String hour;
    public String topic;
    public String auteur;
    public String message;
    public List<String> stickers;
  }

  /** Compares words by their count. Spark sends it to the tasks. */
  private static final class ByCount implements Comparator<Tuple2<String, Long>>, Serializable {
    @Override
    public int compare(Tuple2<String, Long> a, Tuple2<String, Long> b) {
      return Long.compare(a._2(), b._2());
    }
  }

  public static void main(String[] args) {
    try {
      run(args);
    } catch (Throwable failure) {
      failure.printStackTrace();
    }
    // Threads of Spark would keep the process.
    Runtime.getRuntime().halt(1);
  }

  private static void run(String[] args) throws Exception {
    for (String argument : args) {
      String[] parts = argument.split("=", 2);
      ARGUMENTS.put(parts[0], parts[1]);
    }
    SparkConf conf =
        new SparkConf()
            .setAppName("dstream-bench")
            .setMaster(ARGUMENTS.get("master"))
            .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1")
            .set("spark.ui.enabled", "false")
            .set("spark.local.dir", ARGUMENTS.get("directory"));
    if (ARGUMENTS.containsKey("blockMs")) conf.set("spark.streaming.blockInterval", ARGUMENTS.get("blockMs") + "ms");
    JavaStreamingContext ssc = new JavaStreamingContext(conf, Durations.milliseconds(number("intervalMs")));
    ssc.sparkContext().setLogLevel("ERROR");
    switch (ARGUMENTS.get("job")) {
      case "feed" -> feed(ssc);
      case "memory" -> memory(ssc);
      case "empty" -> empty(ssc);
      case "steady" -> steady(ssc);
      case "latency" -> latency(ssc);
      case "states" -> states(ssc);
      case "updates" -> updates(ssc);
      case "start" -> started();
      default -> throw new IllegalArgumentException("No job is called " + ARGUMENTS.get("job"));
    }
    ssc.start();
    ssc.awaitTermination();
  }

  // ── the jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  private static JavaDStream<String> socketLines(JavaStreamingContext ssc) {
    // The default keeps a second copy of each block on another machine; there is none here.
    return ssc.socketTextStream("127.0.0.1", (int) number("port"), StorageLevels.MEMORY_AND_DISK_SER);
  }

  private static JavaPairDStream<String, Long> wordCounts(JavaDStream<String> lines) {
    return lines
        .map(line -> (Post) POSTS.readValue(line))
        .flatMap(post -> Arrays.asList(BLANKS.split(post.message)).iterator())
        .filter(word -> word.length() >= 5)
        .mapToPair(word -> new Tuple2<>(word, 1L))
        .reduceByKey(Long::sum);
  }

  private static JavaPairDStream<String, Long> runningTotals(JavaStreamingContext ssc, JavaPairDStream<String, Long> counts) {
    // Spark refuses state without a checkpoint directory.
    ssc.checkpoint(ARGUMENTS.get("directory") + "/checkpoint");
    return counts.updateStateByKey(
        (List<Long> values, Optional<Long> state) -> {
          long total = state.orElse(0L);
          for (long value : values) total += value;
          return Optional.of(total);
        });
  }

  /** Pairs of a key and the number of the batch. The first batches make all keys, each later one touches some of them. */
  private static JavaPairDStream<String, Long> touchedKeys(JavaStreamingContext ssc) {
    long keys = number("keys");
    long touched = number("touched");
    Queue<JavaRDD<Long>> queue = new ArrayDeque<>();
    for (long range = 0; range < RANGES * (number("skip") + number("keep")); range += RANGES) {
      queue.add(ssc.sparkContext().parallelize(List.of(range, range + 1, range + 2, range + 3), RANGES));
    }
    return ssc.queueStream(queue)
        .flatMapToPair(
            range -> {
              long batch = range / RANGES;
              long size = (batch < LOADS ? keys / LOADS : touched) / RANGES;
              long first = (batch < LOADS ? range : range - LOADS * RANGES) * size;
              return LongStream.range(first, first + size)
                  .mapToObj(i -> new Tuple2<>("user" + i * 7919 % keys, batch))
                  .iterator();
            });
  }

  private static void sum(JavaRDD<Long> numbers) {
    Result.top = List.of(numbers.fold(0L, Long::sum));
  }

  /** Takes the 15 greatest counts. */
  private static void top(JavaPairRDD<String, Long> totals) {
    Result.top = totals.top(15, new ByCount()).stream().map(Tuple2::_2).collect(Collectors.toList());
  }

  /** Reads `records` posts as fast as they come. The samples are the end of each batch, the records and the CPU time so far. */
  private static void feed(JavaStreamingContext ssc) {
    runningTotals(ssc, wordCounts(socketLines(ssc))).foreachRDD(rdd -> top(rdd));
    long records = number("records");
    long[] soFar = {0};
    onBatchCompleted(
        ssc,
        batch -> {
          soFar[0] += batch.numRecords();
          Result.samples.add((Long) batch.processingEndTime().get());
          Result.samples.add(soFar[0]);
          Result.samples.add(Result.cpuNanos() / 1_000_000);
          if (soFar[0] >= records) Result.send();
        });
  }

  /** Counts the words of the same posts in every batch; they lie in memory. The samples are the milliseconds of a batch. */
  private static void memory(JavaStreamingContext ssc) throws IOException {
    List<String> lines = new ArrayList<>();
    try (Socket socket = new Socket("127.0.0.1", (int) number("port"))) {
      BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      while (lines.size() < number("records")) lines.add(reader.readLine());
    }
    JavaRDD<String> posts = ssc.sparkContext().parallelize(lines).cache();
    posts.count();
    Queue<JavaRDD<String>> queue = new ArrayDeque<>();
    for (int i = 0; i < number("skip") + number("keep"); i++) queue.add(posts);
    wordCounts(ssc.queueStream(queue)).foreachRDD(rdd -> top(rdd));
    onBatchCompleted(ssc, batch -> Result.batch(List.of((Long) batch.processingDelay().get())));
  }

  /** Waits at a socket that sends nothing, with a window, a state and two outputs. The samples are as those of `memory`. */
  private static void empty(JavaStreamingContext ssc) {
    JavaDStream<String> words = socketLines(ssc);
    words.window(Durations.milliseconds(10 * number("intervalMs"))).count().foreachRDD(rdd -> { rdd.collect(); });
    runningTotals(ssc, words.mapToPair(word -> new Tuple2<>(word, 1L))).foreachRDD(rdd -> { rdd.collect(); });
    onBatchCompleted(ssc, batch -> Result.batch(List.of((Long) batch.processingDelay().get())));
  }

  /** Reads posts at an even rate. The samples are the milliseconds from the tick until the output has its result. */
  private static void steady(JavaStreamingContext ssc) {
    runningTotals(ssc, wordCounts(socketLines(ssc)))
        .foreachRDD(
            (JavaPairRDD<String, Long> rdd, Time time) -> {
              top(rdd);
              Result.batch(List.of(System.currentTimeMillis() - time.milliseconds()));
            });
  }

  /** Counts lines by key. The samples are the age of each line, in microseconds, when an output has it. */
  private static void latency(JavaStreamingContext ssc) {
    ssc.checkpoint(ARGUMENTS.get("directory") + "/checkpoint");
    Function3<String, Optional<Long>, State<Long>, Long> count =
        (key, stamp, state) -> {
          state.update((state.exists() ? state.get() : 0L) + 1);
          return stamp.get();
        };
    socketLines(ssc)
        .mapToPair(
            line -> {
              int space = line.indexOf(' ');
              return new Tuple2<>(line.substring(0, space), Long.parseLong(line.substring(space + 1)));
            })
        .mapWithState(StateSpec.function(count))
        .foreachRDD(
            rdd -> {
              List<Long> stamps = rdd.collect();
              long now = System.nanoTime() / 1000;
              Result.batch(stamps.stream().map(stamp -> now - stamp).collect(Collectors.toList()));
            });
  }

  /** Keeps a state of each key, and sums what it emits. The samples are as those of `memory`. */
  private static void states(JavaStreamingContext ssc) {
    ssc.checkpoint(ARGUMENTS.get("directory") + "/checkpoint");
    Function3<String, Optional<Long>, State<Long>, Long> add =
        (key, value, state) -> {
          long total = (state.exists() ? state.get() : 0L) + value.get();
          state.update(total);
          return total;
        };
    touchedKeys(ssc).mapWithState(StateSpec.function(add)).foreachRDD(rdd -> sum(rdd));
    onBatchCompleted(ssc, batch -> Result.batch(List.of((Long) batch.processingDelay().get())));
  }

  /** Keeps a total of each key, and sums all totals. The samples are as those of `memory`. */
  private static void updates(JavaStreamingContext ssc) {
    runningTotals(ssc, touchedKeys(ssc)).foreachRDD(rdd -> sum(rdd.values()));
    onBatchCompleted(ssc, batch -> Result.batch(List.of((Long) batch.processingDelay().get())));
  }

  /** Sends the milliseconds from the start of the JVM until its context of Spark is there. */
  private static void started() {
    Result.samples.add(System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime());
    Result.send();
  }

  // ── the result ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private interface OnBatch {
    void completed(BatchInfo batch);
  }

  private static void onBatchCompleted(JavaStreamingContext ssc, OnBatch f) {
    ssc.addStreamingListener(
        new StreamingListener() {
          @Override
          public void onBatchCompleted(StreamingListenerBatchCompleted event) {
            f.completed(event.batchInfo());
          }
        });
  }

  private static long number(String name) {
    return Long.parseLong(ARGUMENTS.get(name));
  }

  /** Collects the samples. Only the driver's threads use it, so that the functions of the jobs hold nothing. */
  private static final class Result {
    private static final List<Long> samples = new ArrayList<>();
    private static List<Long> top = List.of();
    private static long batches = 0;
    private static long beginNanos = System.nanoTime();
    private static long beginCpuNanos = 0;

    /** Adds the samples of a batch, unless it belongs to the warm-up, and sends the result after the last one. */
    private static synchronized void batch(List<Long> more) {
      batches++;
      if (batches > number("skip")) samples.addAll(more);
      if (batches == number("skip")) {
        beginNanos = System.nanoTime();
        beginCpuNanos = cpuNanos();
      }
      if (batches == number("skip") + number("keep")) send();
    }

    private static long cpuNanos() {
      return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static synchronized void send() {
      double cpuMs = (cpuNanos() - beginCpuNanos) / 1e6;
      double cores = cpuMs * 1e6 / (System.nanoTime() - beginNanos);
      System.out.printf(
          Locale.ROOT,
          "{\"samples\":%s,\"top\":%s,\"cpuMs\":%f,\"cores\":%f}%n",
          samples,
          top,
          cpuMs,
          cores);
      System.out.flush();
      // The graceful end takes seconds, and the directory is the caller's to delete.
      Runtime.getRuntime().halt(0);
    }
  }
}
