using OpenTelemetry.Instrumentation.Runtime;

namespace OpenTelemetry.Instrumentation.Runtime
{
    /// <summary>Without members, as in the real package.</summary>
    public class RuntimeInstrumentationOptions;
}

namespace OpenTelemetry.Metrics
{
    public static class MeterProviderBuilderExtensions
    {
        public static MeterProviderBuilder AddRuntimeInstrumentation(this MeterProviderBuilder builder) =>
            AddRuntimeInstrumentation(builder, configure: null);

        /// <summary>Since .NET 9 the runtime measures itself, under the names of the semantic conventions.</summary>
        public static MeterProviderBuilder AddRuntimeInstrumentation(
            this MeterProviderBuilder builder, Action<RuntimeInstrumentationOptions>? configure)
        {
            ArgumentNullException.ThrowIfNull(builder);
            configure?.Invoke(new());
            return builder.AddMeter("System.Runtime");
        }
    }
}
