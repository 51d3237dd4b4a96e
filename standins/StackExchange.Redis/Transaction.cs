using System.Net;

namespace StackExchange.Redis;

/// <summary>
/// The EXEC of a transaction, with everything that goes before it. Waits in the queue as one, so that nobody's command comes in between;
/// with conditions it also holds up the queue until they are answered: a WATCH belongs to the whole connection.
/// </summary>
internal sealed class Transaction(int db, List<Message> commands, List<ConditionResult> conditions) : Message("EXEC", db, [])
{
    private readonly TaskCompletionSource<bool> _executed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _unanswered;
    private Exception? _failure;

    public Task<bool> Executed => _executed.Task;

    public override long Size => commands.Sum(command => command.Size);

    public bool IsConditional => conditions.Count > 0;

    public bool IsAsking { get; private set; }

    public bool IsAnswered => _unanswered == 0;

    public bool MayRun => _failure is null && conditions.TrueForAll(condition => condition.WasSatisfied);

    /// <summary>What to send first: the keys to watch, and the questions.</summary>
    public List<Message> Ask()
    {
        List<Message> questions = [new Question(this, "WATCH", [.. conditions.Select(result => result.Condition.Key.Wire())], _ => { })];
        questions.AddRange(conditions.Select(result => new Question(
            this, result.Condition.Command, result.Condition.Args, reply => result.WasSatisfied = result.Condition.Holds(reply))));
        (IsAsking, _unanswered) = (true, questions.Count);
        return questions;
    }

    /// <summary>What to send when all conditions hold: from MULTI to EXEC.</summary>
    public List<Message> Run()
    {
        List<Message> all = [new Message<RedisResult>("MULTI", Db, Reply.Any)];
        all.AddRange(commands.Select(command => new Queued(command)));
        all.Add(this);
        return all;
    }

    /// <summary>A condition did not hold, or could not be asked for.</summary>
    public void Refuse(EndPoint server)
    {
        if (_failure is not null)
            TryEnd(null, _failure, server);
        else
            TryEnd(RedisResult.Nothing, null, server);
    }

    /// <summary>Null: one of the watched keys was changed meanwhile.</summary>
    protected override void Complete(RedisResult reply, EndPoint server)
    {
        if (reply.IsNull)
        {
            Forsake();
            return;
        }

        for (var i = 0; i < commands.Count; i++)
            commands[i].TryEnd(reply[i], null, server);
        _executed.TrySetResult(true);
    }

    protected override void Fail(Exception failure, EndPoint server)
    {
        foreach (var command in commands)
            command.TryEnd(null, failure, server);
        _executed.TrySetException(failure);
        _ = _executed.Task.Exception;
    }

    protected override void Forsake()
    {
        commands.ForEach(command => command.Cancel());
        _executed.TrySetResult(false);
    }

    private sealed class Question(Transaction transaction, string command, RedisValue[] args, Action<RedisResult> take)
        : Message(command, transaction.Db, args)
    {
        protected override void Complete(RedisResult reply, EndPoint server)
        {
            take(reply);
            transaction._unanswered--;
        }

        protected override void Fail(Exception failure, EndPoint server)
        {
            transaction._failure ??= failure;
            transaction._unanswered--;
        }

        protected override void Forsake()
        {
        }
    }

    /// <summary>A command inside: its first answer is QUEUED, its own comes with that of EXEC.</summary>
    private sealed class Queued : Message
    {
        private readonly Message _command;

        public Queued(Message command) : base(command) => _command = command;

        protected override void Complete(RedisResult reply, EndPoint server)
        {
        }

        protected override void Fail(Exception failure, EndPoint server) => _command.TryEnd(null, failure, server);

        protected override void Forsake()
        {
        }
    }
}
