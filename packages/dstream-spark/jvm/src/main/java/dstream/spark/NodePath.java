package dstream.spark;

import java.io.File;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkFiles;

/** Finds the Node of an executor: that of spark.dstream.node, that of a shipped archive, or the one on the PATH. */
final class NodePath {
  private static final String NODE = "spark.dstream.node";
  private static final String FOLDER = "spark.dstream.node.folder";

  private NodePath() {}

  /** @throws Refused where the archive holds no Node */
  static String of(SparkConf conf) {
    String folder = conf.get(FOLDER, "");
    if (conf.contains(NODE) || folder.isEmpty()) return conf.get(NODE, "node");
    File shipped = new File(SparkFiles.get(folder));
    // YARN unpacks archives in the folder of a container.
    File node = in(shipped.isDirectory() ? shipped : new File(folder));
    if (node == null) {
      throw new Refused("The archive of --node-archive holds no Node on " + NodeWorker.here()
          + ". Give the archive of nodejs.org, or one that has bin/node");
    }
    // A zip may have lost it.
    if (!node.canExecute()) node.setExecutable(true);
    return node.getPath();
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
