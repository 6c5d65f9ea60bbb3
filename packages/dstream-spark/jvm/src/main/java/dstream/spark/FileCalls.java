package dstream.spark;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.hadoop.fs.Path;

/** The calls of the driver on files. Several may run at once. */
final class FileCalls {
  private static final int CREATE = 'c';
  private static final int READ = 'r';
  private static final int LIST = 'l';
  private static final int DELETE = 'd';
  private static final byte[] NOTHING = new byte[0];

  private final ObjectFiles files;
  private final DriverLine line;
  private final ExecutorService threads = Executors.newCachedThreadPool(DaemonThreads.named("dstream files"));

  FileCalls(ObjectFiles files, DriverLine line) {
    this.files = files;
    this.line = line;
  }

  /** Reads a call behind its type, and begins it. */
  void read(DataInputStream in) throws IOException {
    begin(in.readInt(), in.readUnsignedByte(), new Path(Wire.readText(in)), Wire.read(in));
  }

  private void begin(int call, int operation, Path path, byte[] bytes) {
    threads.execute(() -> {
      try {
        byte[] result = run(operation, path, bytes);
        line.fileDone(call, result == null ? DriverLine.NONE : DriverLine.DONE, result == null ? NOTHING : result);
      } catch (Throwable e) {
        line.fileDone(call, DriverLine.FAILED, e.toString().getBytes(StandardCharsets.UTF_8));
      }
    });
  }

  /** Returns null for a file that is not there, or, where it is to be created, that is there already. */
  private byte[] run(int operation, Path path, byte[] bytes) throws IOException {
    switch (operation) {
      case CREATE:
        return files.create(path, bytes) ? NOTHING : null;
      case READ:
        return files.read(path);
      case LIST:
        return String.join("\n", files.list(path)).getBytes(StandardCharsets.UTF_8);
      case DELETE:
        files.delete(path);
        return NOTHING;
      default:
        throw new IOException("an unknown operation " + operation);
    }
  }
}
