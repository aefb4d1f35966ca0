import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** DynamoDB Local in memory, on loopback only: its own main class listens on every interface. Prints its port. */
class Loopback {
    public static void main(String[] arguments) throws Exception {
        Server server = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        server.setHandler(
                new LocalDynamoDBServerHandler(new LocalDynamoDBRequestHandler(0, true, null, false, false), "*"));
        server.start();
        System.out.println(((ServerConnector) server.getConnectors()[0]).getLocalPort());
        server.join();
    }
}
