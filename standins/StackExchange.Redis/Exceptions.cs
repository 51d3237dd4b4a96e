namespace StackExchange.Redis;

#pragma warning disable CA1032 // The constructors of the real package.
/// <summary>The server said no.</summary>
public sealed class RedisServerException(string message) : RedisException(message);

public class RedisException : Exception
{
    public RedisException(string message) : base(message) { }

    public RedisException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>The client would not send this.</summary>
public sealed class RedisCommandException : Exception
{
    public RedisCommandException(string message) : base(message) { }

    public RedisCommandException(string message, Exception innerException) : base(message, innerException) { }
}

public sealed class RedisConnectionException : RedisException
{
    public RedisConnectionException(ConnectionFailureType failureType, string message) : this(failureType, message, null) { }

    public RedisConnectionException(ConnectionFailureType failureType, string message, Exception? innerException)
        : this(failureType, message, innerException, CommandStatus.Unknown) { }

    public RedisConnectionException(ConnectionFailureType failureType, string message, Exception? innerException, CommandStatus commandStatus)
        : base(message, innerException) => (FailureType, CommandStatus) = (failureType, commandStatus);

    public ConnectionFailureType FailureType { get; }

    /// <summary>Sent: the server may have done it.</summary>
    public CommandStatus CommandStatus { get; }
}

public sealed class RedisTimeoutException(string message, CommandStatus commandStatus) : TimeoutException(message)
{
    public CommandStatus Commandstatus { get; } = commandStatus;
}
#pragma warning restore CA1032
