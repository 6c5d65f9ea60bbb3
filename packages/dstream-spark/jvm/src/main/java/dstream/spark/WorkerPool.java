package dstream.spark;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/** The Node workers of this executor: as many as tasks run here at once, each for as long as the executor lives. */
final class WorkerPool {
  /** How often a running task is asked whether it has been aborted. */
  private static final long WATCH_MS = 100;
  private static final String TIMEOUT = "spark.dstream.worker.timeout";
  private static final String DEFAULT_TIMEOUT = "10min";

  private static final ConcurrentLinkedDeque<NodeWorker> IDLE = new ConcurrentLinkedDeque<>();
  private static final Set<NodeWorker> ALL = ConcurrentHashMap.newKeySet();
  private static final ScheduledExecutorService WATCH =
      Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("dstream worker watch"));

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> ALL.forEach(worker -> worker.kill("the executor ends"))));
  }

  private WorkerPool() {}

  /** Runs a task in an idle worker, or in a new one. A worker that fails is not used again. */
  static byte[] run(byte[] task, Settings settings, TaskContext context) throws IOException {
    NodeWorker worker = take(settings);
    long timeoutMs = SparkEnv.get().conf().getTimeAsMs(TIMEOUT, DEFAULT_TIMEOUT);
    long begun = System.nanoTime();
    ScheduledFuture<?> watch = WATCH.scheduleWithFixedDelay(() -> {
      if (context.isInterrupted()) worker.kill("its task was aborted");
      else if (System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(timeoutMs)) {
        worker.kill("it has not replied within " + TIMEOUT + " (" + timeoutMs + " ms)");
      }
    }, WATCH_MS, WATCH_MS, TimeUnit.MILLISECONDS);
    boolean isWhole = false;
    try {
      byte[] reply = worker.call(task);
      isWhole = true;
      return reply;
    } finally {
      watch.cancel(false);
      if (isWhole && worker.isAlive()) IDLE.push(worker);
      else {
        worker.kill("its task failed");
        ALL.remove(worker);
      }
    }
  }

  private static NodeWorker take(Settings settings) throws IOException {
    NodeWorker worker;
    while ((worker = IDLE.poll()) != null) {
      if (worker.isAlive()) return worker;
      ALL.remove(worker);
    }
    worker = NodeWorker.start(settings);
    ALL.add(worker);
    return worker;
  }
}
