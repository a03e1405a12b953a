public import SecretMemory

/// One request, to be sent by an ``HTTPClient``.
public struct HTTPRequest: Sendable {
    /// The methods that the services spoken to know.
    public enum Method: String, Sendable {
        /// Read.
        case get = "GET"
        /// Do something; doing it twice may do it twice.
        case post = "POST"
        /// Put in place.
        case put = "PUT"
        /// Change in parts.
        case patch = "PATCH"
        /// Remove.
        case delete = "DELETE"
    }

    /// Which connection a request goes over.
    public enum ConnectionUse: Sendable {
        /// One that is open already, where there is one.
        ///
        /// libcurl itself sends a request again, whatever its method, where such a connection turns out to
        /// be dead before a byte of the answer came.
        case pooled
        /// A new one, kept open for later requests. What is sent over a new one is sent at most once.
        case fresh
        /// A new one, closed afterwards: the next request may reach another server behind the name.
        case single
    }

    /// A field whose value is a secret.
    public struct SecretField: Sendable {
        /// The field's name.
        public let name: String
        /// What comes before the secret, such as the name of an authentication scheme and a blank.
        public let prefix: String
        /// The secret, of visible ASCII characters.
        public let value: SharedSecret

        /// The field `name` with `value` behind `prefix`; what cannot be sent is found when the request is.
        public init(name: String, prefix: String = "", value: SharedSecret) {
            self.name = name
            self.prefix = prefix
            self.value = value
        }
    }

    /// What is done.
    public var method: Method
    /// Where: https to any host, http to this machine (loopback) or its own link (169.254.0.0/16) alone.
    public var url: String
    /// Fields besides those that the client makes itself.
    public var headers: [HTTPField] = []
    /// Sent as `Authorization: Bearer …` (RFC 6750, section 2.1).
    public var bearerToken: SharedSecret?
    /// A field whose value nobody else may see, in place of ``bearerToken``: a request has one or the other.
    public var secretField: SecretField?
    /// The content; it is sent from where it is, and held until the exchange is over.
    public var body: SharedSecret?
    /// The content's media type.
    public var contentType: String?
    /// How long the whole exchange may take, waiting for a free connection included.
    public var timeout: Duration = .seconds(60)
    /// Which connection it goes over.
    public var connection: ConnectionUse = .pooled

    /// A request without fields or content of its own.
    public init(_ method: Method, _ url: String) {
        self.method = method
        self.url = url
    }
}
