"""Jobs: every statement that reads or changes one, by what it is for.

Who may change a job's row:

* ``insert``: the ``/video`` command, in the transaction of its charge; it may hold the job by a lease; whoever starts a
  brainstorm's round, likewise;
* ``release_held``: the worker that holds the round's lease, once its thread is there: ``held`` to ``queued``;
* ``free``: the same command, once its answer was heard, or may have been: it gives up that lease;
* ``withdraw``: the member, while it is ``held`` or ``queued``, or the same command when nobody heard its answer;
* ``call_off``: its member, once it is sent, or a moderator, before it is on its way to the channel; whoever holds it
  finds out at the next write;
* ``note_unbilled``: whoever hears that the service does not bill what its member has discarded; once, since it changes
  what it asks for;
* ``note_removed``: a moderator, once, when it is ``delivered``; it touches nothing that any other does;
* ``note_deleted``: its member, likewise and in place of it: only the first of both takes the clip away;
* ``start_next``: any worker; it moves ``queued`` to ``submitting`` and takes the lease in one statement;
* ``expire``: any worker; it moves ``queued`` to ``failed`` when a job has waited too long and nobody holds it;
* ``fit``, ``give_up``: any worker; they change, or end as ``failed``, a job that waits, that nobody holds, and whose
  clip the model does not make;
* ``failure_replies.intend``: whoever lets it fail, in the same transaction;
* ``failure_replies.leave``: its member, by switching mentions off;
* ``claim_due``, ``renew_leases``, ``release_leases``: any worker, and only the lease;
* ``update``: the worker that holds the lease, out of the state it read; the row count answers "was it mine?";
* ``mark_open_jobs`` of ``backups/marking.py``: whoever restores a backup, while no worker runs;
* ``attach_status``: the ``/video`` command, or whoever has found or posted the card that no row names; it touches
  nothing but the card's message, and the lease of a job that has ended or, as ``free`` does, of one that may start.
"""

from bot.store.jobs.changes import (
    CALLED_OFF_STATES,
    attach_status,
    call_off,
    note_deleted,
    note_removed,
    note_unbilled,
    update,
)
from bot.store.jobs.leases import claim_due, count, free, next_due, release_leases, renew_leases
from bot.store.jobs.lists import (
    QUEUE_START,
    QueuePosition,
    count_ended,
    count_held,
    count_outcomes,
    list_made_from,
    list_names,
    list_open,
    list_period,
    list_posted,
    list_recent,
    list_waiting,
    list_waiting_after,
    recent_render_seconds,
)
from bot.store.jobs.queue import (
    expire,
    fit,
    give_up,
    list_unfit,
    oldest_to_wait_at,
    oldest_waiting_at,
    release_held,
    start_next,
    withdraw,
)
from bot.store.jobs.rows import find_by_interaction, find_press, find_source, get, get_many, insert
from bot.store.jobs.turns import places

__all__ = [
    "CALLED_OFF_STATES",
    "QUEUE_START",
    "QueuePosition",
    "attach_status",
    "call_off",
    "claim_due",
    "count",
    "count_ended",
    "count_held",
    "count_outcomes",
    "expire",
    "find_by_interaction",
    "find_press",
    "find_source",
    "fit",
    "free",
    "get",
    "get_many",
    "give_up",
    "insert",
    "list_made_from",
    "list_names",
    "list_open",
    "list_period",
    "list_posted",
    "list_recent",
    "list_unfit",
    "list_waiting",
    "list_waiting_after",
    "next_due",
    "note_deleted",
    "note_removed",
    "note_unbilled",
    "oldest_to_wait_at",
    "oldest_waiting_at",
    "places",
    "recent_render_seconds",
    "release_held",
    "release_leases",
    "renew_leases",
    "start_next",
    "update",
    "withdraw",
]
