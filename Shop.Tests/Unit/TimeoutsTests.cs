using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;

namespace Shop.Tests.Unit;

public sealed class TimeoutsTests
{
    [Theory]
    [InlineData("Lock", "00:00:02", "Lock (00:00:02) must be shorter than Statement (00:00:02).")]
    [InlineData("Statement", "00:00:03", "Statement (00:00:03) must be shorter than Command (00:00:03).")]
    [InlineData("Command", "00:00:04", "Command (00:00:04) must be shorter than Request (00:00:04).")]
    [InlineData("Command", "00:00:03.500", "Command (00:00:03.5000000) must be whole seconds.")]
    [InlineData("Connect", "00:00:04", "Connect (00:00:04) must be shorter than Request (00:00:04).")]
    [InlineData("Cache", "00:00:04", "Cache (00:00:04) must be shorter than Request (00:00:04).")]
    [InlineData("Request", "00:00:05", "Request (00:00:05) must be shorter than Attempt (00:00:05).")]
    [InlineData("Attempt", "00:00:06", "2 * Attempt (00:00:12) must be shorter than Total (00:00:11).")]
    [InlineData("Total", "00:00:30", "Total (00:00:30) must be shorter than Proxy (00:00:30).")]
    [InlineData("Transaction", "00:00:03", "Command (00:00:03) must be shorter than Transaction (00:00:03).")]
    [InlineData("Transaction", "00:00:06", "Transaction + Outcome (00:00:10) must be shorter than LongRequest (00:00:10).")]
    [InlineData("Outcome", "00:00:06", "Outcome + 2 * Statement (00:00:10) must be shorter than LongRequest (00:00:10).")]
    [InlineData("LongRequest", "00:00:12", "LongRequest (00:00:12) must be shorter than LongAttempt (00:00:12).")]
    [InlineData("LongAttempt", "00:00:13", "2 * LongAttempt (00:00:26) must be shorter than LongTotal (00:00:26).")]
    [InlineData("Proxy", "00:00:26", "LongTotal (00:00:26) must be shorter than Proxy (00:00:26).")]
    [InlineData("Report", "00:00:11", "BackgroundCommand (00:00:11) must be shorter than Report (00:00:11).")]
    [InlineData("Report", "00:00:13", "Report (00:00:13) must be shorter than ReportAttempt (00:00:13).")]
    [InlineData("ReportAttempt", "00:00:13.500", "2 * ReportAttempt (00:00:27) must be shorter than ReportTotal (00:00:27).")]
    [InlineData("ReportTotal", "00:00:30", "ReportTotal (00:00:30) must be shorter than Proxy (00:00:30).")]
    [InlineData("BackgroundConnect", "00:00:12", "BackgroundConnect (00:00:12) must be shorter than Report (00:00:12).")]
    [InlineData("Report", "00:00:20", "Drain + Report (00:00:25) must be shorter than Shutdown (00:00:25).")]
    [InlineData("BackgroundLock", "00:00:10", "BackgroundLock (00:00:10) must be shorter than BackgroundStatement (00:00:10).")]
    [InlineData("BackgroundStatement", "00:00:11", "BackgroundStatement (00:00:11) must be shorter than BackgroundCommand (00:00:11).")]
    [InlineData("BackgroundCommand", "00:00:12", "BackgroundCommand (00:00:12) must be shorter than Recording (00:00:12).")]
    [InlineData("BackgroundConnect", "00:00:12", "BackgroundConnect (00:00:12) must be shorter than Recording (00:00:12).")]
    [InlineData("OutsideCall", "00:00:40", "OutsideCall (00:00:40) must be shorter than Job (00:00:40).")]
    [InlineData("Lease", "00:01:04", "Job + 2 * Recording (00:01:04) must be shorter than Lease (00:01:04).")]
    [InlineData("Drain", "00:00:15", "Drain + LongRequest (00:00:25) must be shorter than Shutdown (00:00:25).")]
    [InlineData("Shutdown", "00:00:30", "Shutdown (00:00:30) must be shorter than Kill (00:00:30).")]
    public void Two_rungs_that_contradict_each_other_are_named(string rung, string value, string line)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Of($"--Timeouts:{rung}={value}"));

        Assert.Contains(refused.Failures, failure => failure == $"Timeouts: {line}");
    }

    [Fact]
    public void Every_rung_is_part_of_a_rule()
    {
        // Anything a rung could be set to must be caught by some rule, or nothing but its range holds it.
        foreach (var rung in typeof(Timeouts).GetProperties().Where(p => p.IsDefined(typeof(RangeAttribute), false)))
        {
            var shortest = Fails($"--Timeouts:{rung.Name}=00:00:01");
            var longest = Fails($"--Timeouts:{rung.Name}=00:10:00");
            Assert.True(shortest || longest, rung.Name);
        }

        static bool Fails(string arg)
        {
            try
            {
                Of(arg);
                return false;
            }
            catch (OptionsValidationException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void One_section_moves_the_whole_ladder()
    {
        var timeouts = Of("--Timeouts:Request=00:00:06", "--Timeouts:Attempt=00:00:07", "--Timeouts:Total=00:00:15");

        Assert.Equal((6, 7, 15), (timeouts.Request.TotalSeconds, timeouts.Attempt.TotalSeconds, timeouts.Total.TotalSeconds));
    }

    [Fact]
    public void A_service_is_given_as_long_to_stop_as_its_longest_work_takes()
    {
        var timeouts = Of("--Timeouts:Drain=00:00:04", "--Timeouts:LongTotal=00:00:29");

        Assert.Equal((4 + 40 + 12 + 3, 4 + 29 + 3), (timeouts.WorkerShutdown.TotalSeconds, timeouts.CallerShutdown.TotalSeconds));
        Assert.Equal(5 + 27 + 3, Of("--environment=Production").CallerShutdown.TotalSeconds); // a report is longer than a checkout
    }

    [Theory]
    [InlineData("Production", 5)]
    [InlineData("Development", 0)]
    public void A_developers_restart_does_not_wait_for_a_load_balancer(string environment, int seconds)
    {
        Assert.Equal(seconds, Of($"--environment={environment}").Drain.TotalSeconds);
        Assert.Equal(1, Of($"--environment={environment}", "--Timeouts:Drain=00:00:01").Drain.TotalSeconds);
    }

    private static Timeouts Of(params string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        using var app = (IDisposable)builder.Build();
        return ((WebApplication)app).Services.GetRequiredService<IOptions<Timeouts>>().Value;
    }
}
