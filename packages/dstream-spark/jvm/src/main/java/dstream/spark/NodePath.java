package dstream.spark;

import java.io.File;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;

/** Finds what Spark has shipped to this process, and its Node: that of spark.dstream.node, that of a shipped archive, or the one on the PATH. */
final class NodePath {
  private static final String NODE = "spark.dstream.node";
  private static final String FOLDER = "spark.dstream.node.folder";

  private NodePath() {}

  /** @throws Refused where the archive holds no Node */
  static String of(SparkConf conf) {
    String folder = conf.get(FOLDER, "");
    if (conf.contains(NODE) || folder.isEmpty()) return conf.get(NODE, "node");
    File node = in(shipped(folder));
    if (node == null) {
      throw new Refused("The archive of --node-archive holds no Node on " + here()
          + ". Give the archive of nodejs.org, or one that has bin/node");
    }
    // A zip may have lost it.
    if (!node.canExecute()) node.setExecutable(true);
    return node.getPath();
  }

  /** Returns a file, or the folder of an archive, that Spark has shipped. YARN puts those in the folder of a container. */
  static File shipped(String name) {
    File shipped = new File(SparkFiles.get(name));
    return shipped.exists() ? shipped : new File(name).getAbsoluteFile();
  }

  /** Returns the name of this executor, or of the driver, for messages. */
  static String here() {
    SparkEnv env = SparkEnv.get();
    // Its RPC has no address where it only connects, as on YARN.
    return "executor " + env.executorId() + " (" + env.blockManager().blockManagerId().host() + ")";
  }

  /** Returns bin/node of a folder, or of the one folder that the archives of nodejs.org have. */
  private static File in(File folder) {
    File own = new File(folder, "bin/node");
    if (own.isFile()) return own;
    File[] below = folder.listFiles(File::isDirectory);
    for (File child : below == null ? new File[0] : below) {
      File node = new File(child, "bin/node");
      if (node.isFile()) return node;
    }
    return null;
  }
}
