using System.Collections.ObjectModel;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace StackExchange.Redis;

public sealed class ConfigurationOptions : ICloneable
{
    public bool AbortOnConnectFail { get; set; } = true;

    public bool AllowAdmin { get; set; }

    /// <summary>In milliseconds, as all of them; the same as <see cref="SyncTimeout"/> unless set.</summary>
    public int AsyncTimeout { get => field > 0 ? field : SyncTimeout; set; }

    public string? ClientName { get; set; }

    public int ConnectRetry { get; set; } = 3;

    public int ConnectTimeout { get; set; } = 5000;

    public int? DefaultDatabase { get; set; }

    public EndPointCollection EndPoints { get; init; } = [];

    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(1);

    public bool IncludePerformanceCountersInExceptions { get; set; }

    /// <summary>Seconds of silence after which the client says PING.</summary>
    public int KeepAlive { get; set; } = 60;

    public ILoggerFactory? LoggerFactory { get; set; }

    public string? User { get; set; }

    public string? Password { get; set; }

    public IReconnectRetryPolicy ReconnectRetryPolicy { get => field ??= new ExponentialRetry(ConnectTimeout / 2); set; }

    public BacklogPolicy BacklogPolicy { get; set; } = BacklogPolicy.Default;

    public bool Ssl { get; set; }

    public string? SslHost { get; set; }

    /// <summary>The system's choice unless set.</summary>
    public SslProtocols? SslProtocols { get; set; }

    public int SyncTimeout { get; set; } = 5000;

    /// <summary>Decides between several servers, so it has nothing to decide here.</summary>
    public string TieBreaker { get; set; } = "__Booksleeve_TieBreak";

    /// <summary>Has the last word on the server's certificate; without it the system's trust decides.</summary>
    public event RemoteCertificateValidationCallback? CertificateValidation;

    internal RemoteCertificateValidationCallback? Validation => CertificateValidation;

    /// <summary>Trusts the server's certificate also when this one, from a file, has issued it. Its name and dates have to be right all the same.</summary>
    public void TrustIssuer(string issuerCertificatePath) => TrustIssuer(X509CertificateLoader.LoadCertificateFromFile(issuerCertificatePath));

    public void TrustIssuer(X509Certificate2 issuer)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        CertificateValidation += (_, certificate, _, errors) =>
        {
            if (errors == SslPolicyErrors.None)
                return true;
            if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 presented)
                return false;

            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(issuer);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // an issuer of one's own keeps no lists
            return chain.Build(presented);
        };
    }

    public static ConfigurationOptions Parse(string configuration) => Parse(configuration, ignoreUnknown: false);

    /// <summary><c>localhost:6379,password=…,ssl=true,abortConnect=false</c>: endpoints and settings, in any order.</summary>
    public static ConfigurationOptions Parse(string configuration, bool ignoreUnknown)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var options = new ConfigurationOptions();
        foreach (var part in configuration.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=', 2, StringSplitOptions.TrimEntries) is [var key, var value])
                options.Set(key, value, ignoreUnknown);
            else
                options.EndPoints.Add(part);
        }

        return options;
    }

    public ConfigurationOptions Clone()
    {
        var copy = new ConfigurationOptions { EndPoints = [.. EndPoints] };
        (copy.AbortOnConnectFail, copy.AllowAdmin, copy.ClientName, copy.ConnectRetry) = (AbortOnConnectFail, AllowAdmin, ClientName, ConnectRetry);
        (copy.SyncTimeout, copy.AsyncTimeout, copy.ConnectTimeout, copy.DefaultDatabase) = (SyncTimeout, AsyncTimeout, ConnectTimeout, DefaultDatabase);
        (copy.HeartbeatInterval, copy.KeepAlive, copy.LoggerFactory, copy.User) = (HeartbeatInterval, KeepAlive, LoggerFactory, User);
        (copy.Password, copy.ReconnectRetryPolicy, copy.BacklogPolicy) = (Password, ReconnectRetryPolicy, BacklogPolicy);
        (copy.Ssl, copy.SslHost, copy.SslProtocols, copy.TieBreaker) = (Ssl, SslHost, SslProtocols, TieBreaker);
        copy.CertificateValidation = CertificateValidation;
        copy.IncludePerformanceCountersInExceptions = IncludePerformanceCountersInExceptions;
        return copy;
    }

    object ICloneable.Clone() => Clone();

    public override string ToString() => ToString(includePassword: true);

    public string ToString(bool includePassword)
    {
        List<string> parts = [.. EndPoints.Select(EndPointCollection.ToString)];
        Add("name", ClientName);
        Add("user", User);
        Add("password", Password is null ? null : includePassword ? Password : "*****");
        Add("ssl", Ssl ? "True" : null);
        Add("sslHost", SslHost);
        Add("sslProtocols", SslProtocols?.ToString().Replace(", ", "|", StringComparison.Ordinal));
        Add("abortConnect", AbortOnConnectFail ? null : "False");
        Add("allowAdmin", AllowAdmin ? "True" : null);
        Add("connectTimeout", ConnectTimeout == 5000 ? null : ConnectTimeout);
        Add("syncTimeout", SyncTimeout == 5000 ? null : SyncTimeout);
        Add("asyncTimeout", AsyncTimeout == SyncTimeout ? null : AsyncTimeout);
        Add("defaultDatabase", DefaultDatabase);
        return string.Join(',', parts);

        void Add(string key, object? value)
        {
            if (value is not null)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{key}={value}"));
        }
    }

    private void Set(string key, string value, bool ignoreUnknown)
    {
        switch (key.ToLowerInvariant())
        {
            case "abortconnect": AbortOnConnectFail = Bool(); break;
            case "allowadmin": AllowAdmin = Bool(); break;
            case "asynctimeout": AsyncTimeout = Int(1); break;
            case "connectretry": ConnectRetry = Int(0); break;
            case "connecttimeout": ConnectTimeout = Int(0); break;
            case "defaultdatabase": DefaultDatabase = Int(0); break;
            case "keepalive": KeepAlive = Int(-1); break;
            case "name": ClientName = value; break;
            case "user": User = value; break;
            case "password": Password = value; break;
            case "ssl": Ssl = Bool(); break;
            case "sslhost": SslHost = value; break;
            case "sslprotocols": SslProtocols = Protocols(); break;
            case "synctimeout": SyncTimeout = Int(1); break;
            case "tiebreaker": TieBreaker = value; break;
            case "configchannel" or "configcheckseconds" or "highprioritythreads" or "preserveasyncorder" or "protocol" or "resolvedns"
                or "responsetimeout" or "setlib" or "version" or "writebuffer":
                break; // without effect on one server and one connection
            case "channelprefix" or "checkcertificaterevocation" or "proxy" or "servicename" or "tunnel":
                throw new NotSupportedException($"Keyword '{key}' is not supported by this stand-in for StackExchange.Redis.");
            default:
                if (key.StartsWith('$'))
                    throw new NotSupportedException("Renamed commands are not supported by this stand-in for StackExchange.Redis.");
                if (!ignoreUnknown)
                    throw new ArgumentException($"Keyword '{key}' is not supported.", key);
                break;
        }

        bool Bool() => value.ToLowerInvariant() switch
        {
            "true" or "1" or "yes" or "on" => true,
            "false" or "0" or "no" or "off" => false,
            _ => throw new ArgumentOutOfRangeException(key, $"Keyword '{key}' requires a boolean value; the value '{value}' is not recognised."),
        };

        SslProtocols Protocols() => Enum.TryParse(value.Replace('|', ','), ignoreCase: true, out SslProtocols protocols)
            ? protocols
            : throw new ArgumentOutOfRangeException(key, $"Keyword '{key}' requires an SslProtocol value (multiple values separated by '|'); the value '{value}' is not recognised.");

        int Int(int minimum) => !int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? throw new ArgumentOutOfRangeException(key, $"Keyword '{key}' requires an integer value; the value '{value}' is not recognised.")
            : number < minimum
                ? throw new ArgumentOutOfRangeException(key, $"Keyword '{key}' has a minimum value of '{minimum}'; the value '{number}' is not permitted.")
                : number;
    }
}

public sealed class EndPointCollection : Collection<EndPoint>
{
    public EndPointCollection() { }

    public EndPointCollection(IList<EndPoint> endpoints) : base(endpoints) { }

    /// <summary>Port 0 means the usual one: 6379, or 6380 with TLS.</summary>
    public void Add(string hostAndPort)
    {
        if (IPEndPoint.TryParse(hostAndPort, out var ip))
        {
            Add((EndPoint)ip);
            return;
        }

        var colon = hostAndPort.LastIndexOf(':');
        if (colon < 0)
            Add(hostAndPort, 0);
        else if (int.TryParse(hostAndPort.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && colon > 0)
            Add(hostAndPort[..colon], port);
        else
            throw new ArgumentException($"Could not parse host and port from '{hostAndPort}'", nameof(hostAndPort));
    }

    public void Add(string host, int port) => Add((EndPoint)(IPAddress.TryParse(host, out var ip) ? new IPEndPoint(ip, port) : new DnsEndPoint(host, port)));

    public void Add(IPAddress host, int port) => Add((EndPoint)new IPEndPoint(host, port));

    internal static string ToString(EndPoint endpoint) => endpoint is DnsEndPoint dns ? $"{dns.Host}:{dns.Port}" : endpoint.ToString() ?? "";
}

/// <summary>What happens to commands while there is no connection.</summary>
public sealed class BacklogPolicy
{
    public static BacklogPolicy FailFast { get; } = new() { QueueWhileDisconnected = false, AbortPendingOnConnectionFailure = true };

    public static BacklogPolicy Default { get; } = new() { QueueWhileDisconnected = true, AbortPendingOnConnectionFailure = false };

    public bool QueueWhileDisconnected { get; init; }

    public bool AbortPendingOnConnectionFailure { get; init; }
}

public interface IReconnectRetryPolicy
{
    bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry);
}

public class LinearRetry(int maxRetryElapsedTimeAllowedMilliseconds) : IReconnectRetryPolicy
{
    public bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry) =>
        timeElapsedMillisecondsSinceLastRetry >= maxRetryElapsedTimeAllowedMilliseconds;
}

public class ExponentialRetry : IReconnectRetryPolicy
{
    private readonly int _first;
    private readonly int _last;

    // Of this instance, not of each question: asked often enough, a new draw each time would always be the smallest.
    private readonly double _jitter = 0.8 + 0.4 * Random.Shared.NextDouble();

    public ExponentialRetry(int deltaBackOffMilliseconds) : this(deltaBackOffMilliseconds, Math.Max(deltaBackOffMilliseconds, 10_000)) { }

    public ExponentialRetry(int deltaBackOffMilliseconds, int maxDeltaBackOffMilliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(deltaBackOffMilliseconds);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDeltaBackOffMilliseconds, deltaBackOffMilliseconds);
        (_first, _last) = (deltaBackOffMilliseconds, maxDeltaBackOffMilliseconds);
    }

    public bool ShouldRetry(long currentRetryCount, int timeElapsedMillisecondsSinceLastRetry) =>
        timeElapsedMillisecondsSinceLastRetry >= _jitter * Math.Min(_last, _first * Math.Pow(1.5, Math.Min(currentRetryCount, 30)));
}
