package dstream.spark;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The calls of the driver on files. Several may run at once. */
final class FileCalls {
  private static final int CREATE = 'c';
  private static final int READ = 'r';
  private static final int LIST = 'l';
  private static final int DELETE = 'd';
  private static final int MAKE_FOLDER = 'm';
  private static final int NAMES = 'n';
  private static final int RENAME = 'v';
  private static final int SIZE = 'z';
  private static final int WRITE = 'w';
  private static final int SYNC = 'y';
  private static final int CLOSE = 'x';
  private static final int SAME = 'q';
  private static final int SYNC_FOLDER = 's';
  private static final byte[] NOTHING = new byte[0];

  private final ObjectFiles files;
  private final FolderFiles folders;
  private final DriverLine line;
  private final ExecutorService threads = Executors.newCachedThreadPool(DaemonThreads.named("dstream files"));

  FileCalls(Configuration conf, DriverLine line) {
    this.files = new ObjectFiles(conf);
    this.folders = new FolderFiles(conf);
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
    return switch (operation) {
      case CREATE -> nothingIf(files.create(path, bytes));
      case READ -> files.read(path);
      case LIST -> lines(files.list(path));
      case DELETE -> nothingIf(files.delete(path));
      case NAMES -> lines(folders.names(path));
      case MAKE_FOLDER -> nothingIf(folders.makeFolder(path));
      case SIZE -> text(folders.size(path));
      case SAME -> nothingIf(folders.areSame(path, pathIn(bytes)));
      default -> {
        change(operation, path, bytes);
        yield NOTHING;
      }
    };
  }

  private void change(int operation, Path path, byte[] bytes) throws IOException {
    switch (operation) {
      case RENAME -> folders.rename(path, pathIn(bytes));
      case WRITE -> folders.write(path, bytes);
      case SYNC -> folders.sync(path);
      case CLOSE -> folders.close(path);
      case SYNC_FOLDER -> folders.syncFolder(path);
      default -> throw new IOException("an unknown operation " + operation);
    }
  }

  private static byte[] nothingIf(boolean isSo) {
    return isSo ? NOTHING : null;
  }

  private static byte[] text(Object value) {
    return value == null ? null : value.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] lines(List<String> names) {
    return text(String.join("\n", names));
  }

  private static Path pathIn(byte[] bytes) {
    return new Path(new String(bytes, StandardCharsets.UTF_8));
  }
}
