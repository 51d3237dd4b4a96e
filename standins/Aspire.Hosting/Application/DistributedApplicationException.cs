namespace Aspire.Hosting;

#pragma warning disable CA1032 // As many constructors as the real ones have.
public class DistributedApplicationException : Exception
{
    public DistributedApplicationException(string message) : base(message)
    {
    }

    public DistributedApplicationException(string message, Exception inner) : base(message, inner)
    {
    }
}

/// <summary>Says by itself all that there is to say: Run() ends with its message instead of a stack trace.</summary>
internal sealed class StartRefusedException(string message) : DistributedApplicationException(message);

public class MissingParameterValueException : DistributedApplicationException
{
    public MissingParameterValueException(string message) : base(message)
    {
    }

    public MissingParameterValueException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
