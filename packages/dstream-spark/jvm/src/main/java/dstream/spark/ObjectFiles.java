package dstream.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Objects as files of Hadoop's file systems. The one thing that these do each in their own way is to create a file that is there
 * whole or not at all, and only where there is none.
 */
final class ObjectFiles {
  /** The option, and the capability, of stores that look for an object when they write it: S3A since Hadoop 3.4.2. */
  private static final String CONDITIONAL = "fs.option.create.conditional.overwrite";

  private static final String WHY = ", which keeps two drivers from writing one checkpoint: ";

  private final Configuration conf;
  /** The stores that have been seen to refuse an object that is there. */
  private final Set<URI> proven = ConcurrentHashMap.newKeySet();

  ObjectFiles(Configuration conf) {
    this.conf = conf;
  }

  boolean create(Path path, byte[] bytes) throws IOException {
    FileSystem fs = path.getFileSystem(conf);
    Path half = new Path(path.getParent().getParent(), "tmp/" + UUID.randomUUID());
    if (fs.getScheme().equals("file")) return LocalFile.create(path.toUri().getPath(), half.toUri().getPath(), bytes);
    if (fs.getScheme().equals("hdfs")) return createByRename(fs, path, half, bytes);
    if (!fs.hasPathCapability(path, CONDITIONAL))
      throw new Refused(
          fs.getUri() + " cannot create a file only where there is none" + WHY + "give a URI of hdfs:, of s3a: with Hadoop 3.4.2 or"
              + " later and with fs.s3a.create.conditional.enabled, or of file:");
    if (!proven.contains(fs.getUri())) prove(fs, half);
    return createConditionally(fs, path, bytes);
  }

  byte[] read(Path path) throws IOException {
    try (FSDataInputStream in = path.getFileSystem(conf).open(path)) {
      return in.readAllBytes();
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  List<String> list(Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    try {
      for (FileStatus status : folder.getFileSystem(conf).listStatus(folder))
        if (status.isFile()) names.add(status.getPath().getName());
    } catch (FileNotFoundException e) {
      // A folder begins with its first file.
    }
    return names;
  }

  /** Returns false where there is none. */
  boolean delete(Path path) throws IOException {
    return path.getFileSystem(conf).delete(path, false);
  }

  /** HDFS renames at once, and never to a name that is there. */
  private static boolean createByRename(FileSystem fs, Path path, Path half, byte[] bytes) throws IOException {
    try (FSDataOutputStream out = fs.create(half, false)) {
      out.write(bytes);
      out.hsync();
    }
    if (fs.rename(half, path)) return true;
    if (!fs.exists(path) && fs.mkdirs(path.getParent()) && fs.rename(half, path)) return true;
    fs.delete(half, false);
    if (fs.exists(path)) return false;
    throw new IOException("it cannot be renamed to its name");
  }

  /**
   * Looks whether a store refuses an object that is there. The capability is Hadoop's alone: a server that does not know the condition
   * writes over the object, and answers as if there had been none.
   */
  private void prove(FileSystem fs, Path probe) throws IOException {
    createConditionally(fs, probe, new byte[0]);
    boolean refuses = !createConditionally(fs, probe, new byte[0]);
    try {
      fs.delete(probe, false);
    } catch (IOException e) {
      // The next owner of the checkpoint removes what is left there.
    }
    if (!refuses)
      throw new Refused(
          fs.getUri() + " writes over a file that it was told to create only where there is none" + WHY + "give a server that knows"
              + " conditional writes (If-None-Match), or a URI of hdfs: or file:");
    proven.add(fs.getUri());
  }

  private static boolean createConditionally(FileSystem fs, Path path, byte[] bytes) throws IOException {
    FSDataOutputStreamBuilder<?, ?> builder = fs.createFile(path);
    builder.recursive();
    builder.must(CONDITIONAL, true);
    FSDataOutputStream out = (FSDataOutputStream) builder.build();
    out.write(bytes);
    try {
      out.close();
      return true;
    } catch (IOException e) {
      // Stores refuse with errors of their own. An object that is there says that it is one of those.
      if (fs.exists(path)) return false;
      throw e;
    }
  }
}
