package dstream.spark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;

/** The file that a worker has this executor write while it does a task: the part of a saved directory. */
final class PartFile implements AutoCloseable {
  /** The first bytes of frames of a file. The frame of a reply begins with the length of its text, which is below 2^30. */
  private static final int BEGIN = 0xf1;
  private static final int BYTES = 0xf2;
  private static final int END = 0xf3;
  private static final int ABANDON = 0xf4;

  private final Configuration conf;
  private Path path;
  private FSDataOutputStream out;
  private IOException failure;

  PartFile(Configuration conf) {
    this.conf = conf;
  }

  /**
   * Whether a frame was one of the file. A failure is kept until the worker has replied, since one that is stopped on its way would have to
   * be started again, with its copies of states.
   */
  boolean takes(byte[] frame) {
    int type = frame.length == 0 ? 0 : frame[0] & 0xff;
    if (type < BEGIN || type > ABANDON) return false;
    if (failure != null) return true;
    try {
      take(type, frame);
    } catch (IOException e) {
      failure = e;
    }
    return true;
  }

  private void take(int type, byte[] frame) throws IOException {
    switch (type) {
      case BEGIN -> {
        path = new Path(new String(frame, 1, frame.length - 1, StandardCharsets.UTF_8));
        out = FolderFiles.create(path, conf);
      }
      case BYTES -> out.write(frame, 1, frame.length - 1);
      case END -> {
        FolderFiles.sync(out);
        out.close();
        out = null;
      }
      default -> abandon();
    }
  }

  /** @throws IOException where the file is not there as a whole */
  void mustBeWritten() throws IOException {
    if (failure != null) throw new IOException(path + " cannot be written: " + failure, failure);
  }

  /** Removes a file that is not whole. */
  @Override
  public void close() {
    try {
      if (out != null) abandon();
    } catch (IOException e) {
      // The driver removes what is left once the directory is there, or before the next attempt.
    }
  }

  private void abandon() throws IOException {
    FSDataOutputStream abandoned = out;
    out = null;
    try {
      abandoned.close();
    } finally {
      FolderFiles.of(path, conf).delete(path, false);
    }
  }
}
