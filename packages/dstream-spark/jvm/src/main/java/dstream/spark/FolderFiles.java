package dstream.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;

/** The files and folders of saved directories, on Hadoop's file systems. */
final class FolderFiles {
  private static final int COMPARED_AT_ONCE = 1 << 16;

  private final Configuration conf;
  private final Map<Path, FSDataOutputStream> open = new ConcurrentHashMap<>();

  FolderFiles(Configuration conf) {
    this.conf = conf;
  }

  /** Returns the file system of a path, which writes no files with sums beside those that it is told to write. */
  static FileSystem of(Path path, Configuration conf) throws IOException {
    FileSystem fs = path.getFileSystem(conf);
    return fs instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : fs;
  }

  /** Opens a new file in a folder that is there: a late writer must not make the folder again. */
  static FSDataOutputStream create(Path path, Configuration conf) throws IOException {
    return (FSDataOutputStream) of(path, conf).createFile(path).build();
  }

  /** Makes what was written durable, where the store can do so before the end of the file. */
  static void sync(FSDataOutputStream out) throws IOException {
    if (out.hasCapability(StreamCapabilities.HSYNC)) out.hsync();
  }

  /** Returns false where the folder is there. */
  boolean makeFolder(Path path) throws IOException {
    FileSystem fs = of(path, conf);
    if (fs.exists(path) && fs.getFileStatus(path).isDirectory()) return false;
    if (!fs.mkdirs(path)) throw new IOException(path + " cannot be made a folder");
    return true;
  }

  /** Writes at the end of a file, which the first call creates. */
  void write(Path path, byte[] bytes) throws IOException {
    FSDataOutputStream out = open.get(path);
    if (out == null) open.put(path, out = create(path, conf));
    out.write(bytes);
  }

  void sync(Path path) throws IOException {
    sync(open.get(path));
  }

  void close(Path path) throws IOException {
    open.remove(path).close();
  }

  /** Returns the names in a folder, those of folders with a slash behind them. */
  List<String> names(Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    try {
      for (FileStatus status : of(folder, conf).listStatus(folder)) {
        // A file is listed as itself.
        if (status.getPath().getName().equals(folder.getName()) && status.isFile()) return names;
        names.add(status.getPath().getName() + (status.isDirectory() ? "/" : ""));
      }
    } catch (FileNotFoundException e) {
      return names;
    }
    return names;
  }

  void rename(Path from, Path to) throws IOException {
    FileSystem fs = of(from, conf);
    if (fs.exists(to)) throw new IOException(to + " is there already");
    if (!fs.rename(from, to)) throw new IOException(from + " cannot be renamed to " + to);
  }

  /** Returns the length of a file; null where there is none. */
  Long size(Path path) throws IOException {
    try {
      return of(path, conf).getFileStatus(path).getLen();
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  boolean areSame(Path one, Path other) throws IOException {
    FileSystem fs = of(one, conf);
    if (fs.getFileStatus(one).getLen() != fs.getFileStatus(other).getLen()) return false;
    try (InputStream first = fs.open(one); InputStream second = fs.open(other)) {
      while (true) {
        byte[] bytes = first.readNBytes(COMPARED_AT_ONCE);
        if (!Arrays.equals(bytes, second.readNBytes(COMPARED_AT_ONCE))) return false;
        if (bytes.length < COMPARED_AT_ONCE) return true;
      }
    }
  }

  /** Makes the names in a folder durable, which only a local disk has to be told. */
  void syncFolder(Path path) throws IOException {
    if (of(path, conf).getUri().getScheme().equals("file")) LocalFile.sync(java.nio.file.Path.of(path.toUri().getPath()));
  }
}
