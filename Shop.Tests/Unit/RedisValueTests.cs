using System.Net;
using System.Text;
using StackExchange.Redis;

namespace Shop.Tests.Unit;

public sealed class RedisValueTests
{
    [Fact]
    public void A_number_and_its_text_are_the_same_value()
    {
        RedisValue number = 42, text = "42", bytes = "42"u8.ToArray();

        Assert.Equal(number, text);
        Assert.Equal(text, bytes);
        Assert.Equal(number.GetHashCode(), bytes.GetHashCode());
        Assert.NotEqual(number, (RedisValue)"042");
        Assert.NotEqual(number, RedisValue.Null);
    }

    [Fact]
    public void Nothing_and_empty_are_different()
    {
        Assert.NotEqual(RedisValue.Null, RedisValue.EmptyString);
        Assert.True(RedisValue.Null.IsNull);
        Assert.False(RedisValue.EmptyString.IsNull);
        Assert.True(RedisValue.EmptyString.IsNullOrEmpty);
        Assert.Null((string?)RedisValue.Null);
        Assert.Equal("", (string?)RedisValue.EmptyString);
        Assert.Equal(0, (long)RedisValue.Null);
        Assert.Null((long?)RedisValue.Null);
    }

    [Fact]
    public void Values_survive_the_way_there_and_back()
    {
        Assert.Equal("süß €", (string?)(RedisValue)Encoding.UTF8.GetBytes("süß €"));
        Assert.Equal(long.MinValue, (long)(RedisValue)long.MinValue.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(0.1, (double)(RedisValue)"0.1");
        Assert.Equal("0.1", (string?)(RedisValue)0.1);
        Assert.True((bool)(RedisValue)true);
        Assert.Equal([1, 2, 255], (byte[]?)(RedisValue)new byte[] { 1, 2, 255 });
    }

    [Fact]
    public void Numbers_of_every_size_keep_their_value()
    {
        Assert.Equal(ulong.MaxValue, (ulong)(RedisValue)ulong.MaxValue);
        Assert.Equal(ulong.MaxValue, (ulong)(RedisValue)Encoding.UTF8.GetBytes($"{ulong.MaxValue}"));
        Assert.Throws<OverflowException>(() => (ulong)(RedisValue)(-1));
        Assert.Equal(12345678901234567890.5m, (decimal)(RedisValue)"12345678901234567890.5");
        Assert.Equal(0.5f, (float)(RedisValue)"0.5");
        Assert.Null((decimal?)RedisValue.Null);
        Assert.Equal(20, ((RedisValue)long.MinValue).Length());
        Assert.Equal(1, ((RedisValue)0).Length());
    }

    [Fact]
    public void An_array_of_replies_is_read_as_an_array_of_anything()
    {
        var numbers = RedisResult.Create([1, 2]);

        Assert.Equal([1, 2], ((long[]?)numbers)!);
        Assert.Equal([1UL, 2UL], ((ulong[]?)numbers)!);
        Assert.Equal([1d, 2d], ((double[]?)numbers)!);
        Assert.Equal(["1", "2"], ((RedisKey[]?)numbers)!.Select(key => key.ToString()));
        Assert.Equal([true, false], ((bool[]?)RedisResult.Create([1, 0]))!);
        Assert.Equal("c", (string?)RedisResult.Create(RedisChannel.Literal("c")));
    }

    [Fact]
    public void What_is_no_number_does_not_become_one()
    {
        Assert.Throws<InvalidCastException>(() => (long)(RedisValue)"mug");
        Assert.Throws<OverflowException>(() => (int)(RedisValue)(1L << 40));
        Assert.False(((RedisValue)"12x").TryParse(out long _));
        Assert.False(((RedisValue)"").TryParse(out long _));
    }

    [Fact]
    public void A_connection_string_is_read()
    {
        var options = ConfigurationOptions.Parse("localhost:6390,password=a=b,user=shop,ssl=true,abortConnect=false,connectTimeout=250,asyncTimeout=100,defaultDatabase=3,name=api");

        Assert.Equal(new DnsEndPoint("localhost", 6390), Assert.Single(options.EndPoints));
        Assert.Equal(("a=b", "shop"), (options.Password, options.User));
        Assert.Equal((true, false), (options.Ssl, options.AbortOnConnectFail));
        Assert.Equal((250, 100, 3), (options.ConnectTimeout, options.AsyncTimeout, options.DefaultDatabase));
        Assert.Equal("api", options.ClientName);
    }

    [Fact]
    public void The_defaults_are_the_known_ones()
    {
        var options = ConfigurationOptions.Parse("redis");

        Assert.Equal((true, 3, 5000), (options.AbortOnConnectFail, options.ConnectRetry, options.ConnectTimeout));
        Assert.Equal((5000, 5000, false), (options.SyncTimeout, options.AsyncTimeout, options.Ssl));
        Assert.Equal(new DnsEndPoint("redis", 0), Assert.Single(options.EndPoints));
    }

    [Fact]
    public void A_misspelt_setting_is_refused_unless_told_otherwise()
    {
        Assert.Throws<ArgumentException>(() => ConfigurationOptions.Parse("localhost,pasword=x"));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfigurationOptions.Parse("localhost,connectTimeout=soon"));
        Assert.Single(ConfigurationOptions.Parse("localhost,pasword=x", ignoreUnknown: true).EndPoints);
    }

    [Fact]
    public void A_password_is_not_printed_unless_asked_for() =>
        Assert.DoesNotContain("secret", ConfigurationOptions.Parse("localhost,password=secret").ToString(includePassword: false), StringComparison.Ordinal);

    [Fact]
    public void Waiting_for_the_server_grows_longer_up_to_a_limit()
    {
        var retry = new ExponentialRetry(100, 1000);

        Assert.False(retry.ShouldRetry(0, 10));
        Assert.True(retry.ShouldRetry(0, 200));
        Assert.False(retry.ShouldRetry(20, 70));
        Assert.True(retry.ShouldRetry(1000, 1500));
    }
}
