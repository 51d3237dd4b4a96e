namespace StackExchange.Redis;

#pragma warning disable CA1027, CA1069, CA2217, CA1008 // Names and numbers of the real package.
[Flags]
public enum CommandFlags
{
    None = 0, PreferMaster = 0, HighPriority = 1, FireAndForget = 2, DemandMaster = 4, PreferReplica = 8, DemandReplica = 12, NoRedirect = 64,
    NoScriptCache = 512,
}

public enum CommandStatus { Unknown = 0, WaitingToBeSent = 1, Sent = 2, WaitingInBacklog = 3 }

public enum ConnectionFailureType
{
    None = 0, UnableToResolvePhysicalConnection = 1, SocketFailure = 2, AuthenticationFailure = 3, ProtocolFailure = 4, InternalFailure = 5,
    SocketClosed = 6, ConnectionDisposed = 7, Loading = 8, UnableToConnect = 9, ResponseIntegrityFailure = 10,
}

[Flags]
public enum Exclude { None = 0, Start = 1, Stop = 2, Both = 3 }

public enum ExpireWhen { Always = 0, GreaterThanCurrentExpiry = 1, HasExpiry = 2, HasNoExpiry = 3, LessThanCurrentExpiry = 4 }

public enum Order { Ascending = 0, Descending = 1 }

public enum RedisType { None = 0, String = 1, List = 2, Set = 3, SortedSet = 4, Hash = 5, Stream = 6, Unknown = 7, VectorSet = 8, Array = 9 }

public enum ResultType
{
    None = 0, SimpleString = 1, Error = 2, Integer = 3, BulkString = 4, Array = 5, MultiBulk = 5, Null = 8, Double = 9, BlobError = 10, Boolean = 11,
    VerbatimString = 12, Map = 13, BigInteger = 17, Set = 21, Attribute = 29, Push = 37,
}

[Flags]
public enum SortedSetWhen { Always = 0, Exists = 1, GreaterThan = 2, LessThan = 4, NotExists = 8 }

public enum When { Always = 0, Exists = 1, NotExists = 2 }
#pragma warning restore CA1027, CA1069, CA2217, CA1008
