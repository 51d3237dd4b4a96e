using System.Collections;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Dashboard;

/// <summary>
/// Snapshots as the dashboard wants them. It drops the whole stream when one resource lacks its names, uid or created_at, or one URL
/// its display_properties; so these are never left out.
/// </summary>
internal static class ResourceMapping
{
    public static Proto.Resource ToProto(ResourceEvent e)
    {
        var snapshot = e.Snapshot;
        var resource = new Proto.Resource
        {
            Name = e.ResourceId,
            ResourceType = snapshot.ResourceType,
            DisplayName = e.Resource.Name,
            Uid = e.ResourceId,
            CreatedAt = ToTimestamp(snapshot.CreationTimeStamp ?? DateTime.UnixEpoch),
            IsHidden = snapshot.IsHidden || snapshot.State?.Text == KnownResourceStates.Hidden,
            SupportsDetailedTelemetry = snapshot.SupportsDetailedTelemetry,
        };
        if (snapshot.State is { } state)
        {
            resource.State = state.Text;
            if (state.Style is not null)
                resource.StateStyle = state.Style;
        }

        if (snapshot.StartTimeStamp is { } started)
            resource.StartedAt = ToTimestamp(started);
        if (snapshot.StopTimeStamp is { } stopped)
            resource.StoppedAt = ToTimestamp(stopped);
        if (snapshot.IconName is not null)
            resource.IconName = snapshot.IconName;
        if (snapshot.IconVariant is { } variant)
            resource.IconVariant = ToProto(variant);

        resource.Environment.AddRange(snapshot.EnvironmentVariables.Select(ToProto));
        resource.Urls.AddRange(snapshot.Urls.Where(u => Uri.TryCreate(u.Url, UriKind.Absolute, out _)).Select(ToProto));
        resource.Volumes.AddRange(snapshot.Volumes.Select(v =>
            new Proto.Volume { Source = v.Source ?? "", Target = v.Target, MountType = v.MountType, IsReadOnly = v.IsReadOnly }));
        resource.HealthReports.AddRange(snapshot.HealthReports.Select(ToProto));
        resource.Relationships.AddRange(snapshot.Relationships.Select(r =>
            new Proto.ResourceRelationship { ResourceName = r.ResourceName, Type = r.Type }));
        resource.Commands.AddRange(snapshot.Commands.Where(c => c.Visibility.HasFlag(ResourceCommandVisibility.UI)).Select(ToProto));
        resource.Properties.AddRange(PropertiesOf(e).Select(ToProto));
        return resource;
    }

    public static Proto.InteractionInput ToProto(InteractionInput input)
    {
        var result = new Proto.InteractionInput
        {
            Name = input.Name,
            Label = string.IsNullOrWhiteSpace(input.Label) ? input.Name : input.Label,
            Placeholder = input.Placeholder ?? "",
            Description = input.Description ?? "",
            EnableDescriptionMarkdown = input.EnableDescriptionMarkdown,
            InputType = input.InputType switch
            {
                InputType.Text => Proto.InputType.Text,
                InputType.SecretText => Proto.InputType.SecretText,
                InputType.Choice => Proto.InputType.Choice,
                InputType.Boolean => Proto.InputType.Boolean,
                InputType.Number => Proto.InputType.Number,
                InputType.File => Proto.InputType.File,
                _ => Proto.InputType.Unspecified,
            },
            Required = input.Required,
            Value = input.Value ?? "",
            MaxLength = input.MaxLength ?? 0,
            AllowCustomChoice = input.AllowCustomChoice,
            Disabled = input.Disabled,
        };
        foreach (var (key, text) in input.Options ?? [])
            result.Options[key] = text;

        result.ValidationErrors.AddRange(input.ValidationErrors);
        return result;
    }

    public static Value ToValue(object? value) => value switch
    {
        null => Value.ForNull(),
        string text => Value.ForString(text),
        bool truth => Value.ForBool(truth),
        DateTime time => Value.ForString(time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)),
        int or long or short or byte or uint or double or float or decimal => Value.ForNumber(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
        IEnumerable list => Value.ForList([.. list.Cast<object?>().Select(ToValue)]),
        IFormattable formattable => Value.ForString(formattable.ToString(null, CultureInfo.InvariantCulture)),
        _ => Value.ForString(value.ToString() ?? ""),
    };

    private static IEnumerable<ResourcePropertySnapshot> PropertiesOf(ResourceEvent e)
    {
        var snapshot = e.Snapshot;
        var own = snapshot.Properties.IsDefault ? [] : snapshot.Properties;
        IEnumerable<(string Name, object? Value)> standard =
        [
            (KnownProperties.Resource.Uid, e.ResourceId),
            (KnownProperties.Resource.Name, e.ResourceId),
            (KnownProperties.Resource.Type, snapshot.ResourceType),
            (KnownProperties.Resource.DisplayName, e.Resource.Name),
            (KnownProperties.Resource.State, snapshot.State?.Text),
            (KnownProperties.Resource.ExitCode, snapshot.ExitCode),
            (KnownProperties.Resource.CreateTime, snapshot.CreationTimeStamp),
            (KnownProperties.Resource.StartTime, snapshot.StartTimeStamp),
            (KnownProperties.Resource.StopTime, snapshot.StopTimeStamp),
            (KnownProperties.Resource.HealthState, snapshot.HealthStatus?.ToString()),
            (KnownProperties.Resource.ParentName, ParentOf(e.Resource)?.GetResolvedResourceNames()[0]),
        ];
        return standard.Where(s => s.Value is not null && own.All(p => p.Name != s.Name))
            .Select(s => new ResourcePropertySnapshot(s.Name, s.Value))
            .Concat(own);
    }

    private static IResource? ParentOf(IResource resource) => resource is IResourceWithParent child
        ? child.Parent
        : resource.Annotations.OfType<ResourceRelationshipAnnotation>().LastOrDefault(r => r.Type == KnownRelationshipTypes.Parent)?.Resource;

    private static Proto.ResourceProperty ToProto(ResourcePropertySnapshot property)
    {
        var result = new Proto.ResourceProperty
        {
            Name = property.Name,
            Value = ToValue(property.Value),
            IsSensitive = property.IsSensitive,
            IsHighlighted = property.IsHighlighted,
        };
        if (property.DisplayName is not null)
            result.DisplayName = property.DisplayName;
        if (property.SortOrder is { } order)
            result.SortOrder = order;

        return result;
    }

    private static Proto.EnvironmentVariable ToProto(EnvironmentVariableSnapshot variable)
    {
        var result = new Proto.EnvironmentVariable { Name = variable.Name, IsFromSpec = variable.IsFromSpec };
        if (variable.Value is not null)
            result.Value = variable.Value;

        return result;
    }

    private static Proto.Url ToProto(UrlSnapshot url)
    {
        var result = new Proto.Url
        {
            FullUrl = url.Url,
            IsInternal = url.IsInternal,
            IsInactive = url.IsInactive,
            DisplayProperties = new Proto.UrlDisplayProperties
            {
                DisplayName = url.DisplayProperties.DisplayName,
                SortOrder = url.DisplayProperties.SortOrder,
            },
        };
        if (url.Name is not null)
            result.EndpointName = url.Name;

        return result;
    }

    private static Proto.HealthReport ToProto(HealthReportSnapshot report)
    {
        var result = new Proto.HealthReport
        {
            Key = report.Name,
            Description = report.Description ?? "",
            Exception = report.ExceptionText ?? "",
        };

        // Left out before the first check: the dashboard then calls the resource unhealthy, and does not claim to know why.
        if (report.Status is { } status)
        {
            result.Status = status switch
            {
                HealthStatus.Healthy => Proto.HealthStatus.Healthy,
                HealthStatus.Degraded => Proto.HealthStatus.Degraded,
                _ => Proto.HealthStatus.Unhealthy,
            };
        }

        if (report.LastRunAt is { } ranAt)
            result.LastRunAt = ToTimestamp(ranAt);

        return result;
    }

    private static Proto.ResourceCommand ToProto(ResourceCommandSnapshot command)
    {
        var result = new Proto.ResourceCommand
        {
            Name = command.Name,
            DisplayName = command.DisplayName,
            IsHighlighted = command.IsHighlighted,
            State = command.State switch
            {
                ResourceCommandState.Enabled => Proto.ResourceCommandState.Enabled,
                ResourceCommandState.Disabled => Proto.ResourceCommandState.Disabled,
                _ => Proto.ResourceCommandState.Hidden,
            },
        };
        if (command.DisplayDescription is not null)
            result.DisplayDescription = command.DisplayDescription;
        if (command.ConfirmationMessage is not null)
            result.ConfirmationMessage = command.ConfirmationMessage;
        if (command.IconName is not null)
            result.IconName = command.IconName;
        if (command.IconVariant is { } variant)
            result.IconVariant = ToProto(variant);

        result.ArgumentInputs.AddRange(command.Arguments.Select(ToProto));
        return result;
    }

    private static Proto.IconVariant ToProto(IconVariant variant) =>
        variant is IconVariant.Filled ? Proto.IconVariant.Filled : Proto.IconVariant.Regular;

    private static Timestamp ToTimestamp(DateTime time) => Timestamp.FromDateTime(time.ToUniversalTime());
}
