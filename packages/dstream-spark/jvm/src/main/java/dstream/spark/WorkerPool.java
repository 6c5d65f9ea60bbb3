package dstream.spark;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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
  /** The longest that a task waits for the worker of its place while that does another task. */
  private static final long LONGEST_WAIT_MS = 1000;
  private static final String TIMEOUT = "spark.dstream.worker.timeout";
  private static final String DEFAULT_TIMEOUT = "10min";

  /** Guards the three collections below. */
  private static final Object LOCK = new Object();
  /** The worker that was idle last comes first. */
  private static final Deque<NodeWorker> IDLE = new ArrayDeque<>();
  private static final Set<NodeWorker> ALL = new HashSet<>();
  /** The workers that have done the last tasks of places. */
  private static final Map<String, NodeWorker> AT_PLACE = new HashMap<>();
  private static final ScheduledExecutorService WATCH =
      Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("dstream worker watch"));

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(WorkerPool::killAll));
  }

  private WorkerPool() {}

  /** Runs a task in the worker of its place, in an idle one, or in a new one. A worker that fails is not used again. */
  static Reply run(PlacedFrame task, byte[][] blocks, Settings settings, TaskContext context) throws IOException {
    NodeWorker worker = take(task.place(), settings, context);
    long timeoutMs = SparkEnv.get().conf().getTimeAsMs(TIMEOUT, DEFAULT_TIMEOUT);
    long begun = System.nanoTime();
    ScheduledFuture<?> watch = WATCH.scheduleWithFixedDelay(() -> {
      if (context.isInterrupted()) worker.kill("its task was aborted");
      else if (System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(timeoutMs)) {
        worker.kill("it has not replied within " + TIMEOUT + " (" + timeoutMs + " ms)");
      }
    }, WATCH_MS, WATCH_MS, TimeUnit.MILLISECONDS);
    boolean isWhole = false;
    try (PartFile file = new PartFile(settings.hadoop())) {
      Reply reply = worker.call(task.frame(), blocks, file);
      isWhole = true;
      file.mustBeWritten();
      return reply;
    } finally {
      watch.cancel(false);
      giveBack(worker, isWhole && worker.isAlive());
    }
  }

  private static NodeWorker take(String place, Settings settings, TaskContext context) throws IOException {
    NodeWorker worker;
    synchronized (LOCK) {
      worker = place.isEmpty() ? idle() : atPlace(place, context);
    }
    if (worker != null) return worker;
    worker = NodeWorker.start(settings);
    synchronized (LOCK) {
      ALL.add(worker);
      if (!place.isEmpty()) AT_PLACE.put(place, worker);
    }
    return worker;
  }

  private static void giveBack(NodeWorker worker, boolean isWhole) {
    if (!isWhole) worker.kill("its task failed");
    synchronized (LOCK) {
      if (isWhole) IDLE.push(worker);
      else forget(worker);
      LOCK.notifyAll();
    }
  }

  /** Returns an idle worker, which is idle no longer; null where there is none. */
  private static NodeWorker idle() {
    for (NodeWorker worker; (worker = IDLE.poll()) != null; forget(worker)) if (worker.isAlive()) return worker;
    return null;
  }

  /**
   * Returns the worker of a place, for which this waits a while. Where it is gone, stays busy, or has more places than an idle one, the
   * idle worker of the fewest places becomes the one of this place.
   */
  private static NodeWorker atPlace(String place, TaskContext context) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LONGEST_WAIT_MS);
    NodeWorker worker;
    while ((worker = AT_PLACE.get(place)) != null && worker.isAlive()) {
      if (IDLE.remove(worker)) return worker;
      NodeWorker other = leastPlaced();
      boolean isUneven = other != null && places(other) + 1 < places(worker);
      if (isUneven || System.nanoTime() > until || context.isInterrupted()) break;
      await();
    }
    worker = leastPlaced();
    if (worker == null) return null;
    IDLE.remove(worker);
    AT_PLACE.put(place, worker);
    return worker;
  }

  /** Returns the idle worker of the fewest places; null where none is idle. */
  private static NodeWorker leastPlaced() {
    IDLE.removeIf(worker -> !worker.isAlive() && forget(worker));
    return IDLE.stream().min(Comparator.comparingInt(WorkerPool::places)).orElse(null);
  }

  private static int places(NodeWorker worker) {
    return Collections.frequency(AT_PLACE.values(), worker);
  }

  private static void await() {
    try {
      LOCK.wait(WATCH_MS);
    } catch (InterruptedException e) {
      // Spark interrupts the thread of a task that it aborts, which the loop around this sees.
      Thread.currentThread().interrupt();
    }
  }

  private static boolean forget(NodeWorker worker) {
    AT_PLACE.values().removeIf(worker::equals);
    return ALL.remove(worker);
  }

  private static void killAll() {
    synchronized (LOCK) {
      ALL.forEach(worker -> worker.kill("the executor ends"));
    }
  }
}
