"""Copy on write: which containers may be changed where they are?

XanoScript copies lists and objects on assignment, because its engine is PHP, and PHP shares them until somebody writes.
Here values are shared too, and a variable may change in place only what it owns: a container that it copied or made
itself and that nothing else can have got hold of since. Anything else is copied first (one level; the members of the
copy are shared, and are looked at in their turn), and the copy is owned. So pushing in a loop is linear: one copy at
the first push, none at the later ones.

Nothing is asked of the interpreter. PHP and, up to 3.13, CPython can tell from reference counts whether somebody else
holds a container; since 3.14 CPython passes references that it does not count, and a debugger that holds frames shifts
the counts the other way. Ownership is known by construction instead: each variable that a construct changes in place
has an `Owned` beside it, and the compiler (`xsrun.evaluator.changes`) emits a call of it wherever the value of the
variable, or of a path below it, is read by something that may keep it: an assignment, a call, a literal, a response.
Operators and filters that give a number, a text or a boolean keep nothing, and need no call.

Measured on CPython 3.11 to 3.15 for `$grid[$i][$j] = x`, the whole write: 158 ns with reference counts (two calls of
`sys.getrefcount`), 200 ns with a look into `_members` each time, 140 ns with `recent` in front of it. The other design
that was weighed, edit tokens as in Clojure's transients, needs a field in each container, and Python's have none.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.values.conversion import Value

#: Copied members that are remembered before it is first looked whether they still are in the container.
_LEAST_WEIGHT = 100_000
#: A copy of more members is told to the run, which warns when it adds up.
_LARGE = 4_096


def copied(container: Value) -> Value:
    """A container equal to this one, its members still shared. Every copy that writing makes is made here."""
    return container.copy()


class Owned:
    """The containers that one variable owns: the one it holds (`root`), and some that are below it.

    A member is owned only below the very container that it was copied or made in: once that one is copied, because
    something else has got it, its members are in two containers. They are held here, so that no other object can have
    the same identity.
    """

    __slots__ = ("_limit", "_members", "_tell", "_weight", "recent", "root")

    def __init__(self, tell: Callable[[int], None] | None = None) -> None:
        #: is told how many members a large copy has
        self._tell = tell
        #: the list or object that the variable holds and nothing else does; None or another than it holds: nothing
        self.root: Value = None
        #: the owned member of the root that was asked for last, or None: spares the look into `_members`
        self.recent: Value = None
        #: identity of a member -> the member, the container it is owned in
        self._members: dict[int, tuple[Value, Value]] = {}
        #: how many members the containers in `_members` had when they got there, and at how many to look what is left
        self._weight, self._limit = 0, _LEAST_WEIGHT

    # Acquiring -----------------------------------------------------------------------------------------------------

    def start(self, container: Value) -> Value:
        """Own a container that is new: nothing else holds it, and nothing below it is owned. Returns it."""
        self._forget()
        self.root = container
        return container

    def take(self, container: Value) -> Value:
        """A copy of a container that others may hold, to be put in its place; it is owned."""
        return self.start(self.copy(container))

    def add(self, member: Value, parent: Value) -> Value:
        """Own a container that is new and about to be put into an owned one. Returns it."""
        self._weight += len(member) + 1
        if self._weight > self._limit:
            self._prune()
        self._members[id(member)] = (member, parent)
        return member

    def take_member(self, member: Value, parent: Value) -> Value:
        """A copy of a member that others may hold, to be put in its place in an owned container; it is owned."""
        return self.add(self.copy(member), parent)

    def copy(self, container: Value) -> Value:
        """A copy, to be owned next; a large one is told."""
        if self._tell is not None and len(container) > _LARGE:
            self._tell(len(container))
        return copied(container)

    # Asking --------------------------------------------------------------------------------------------------------

    def holds(self, member: Value, parent: Value) -> bool:
        """Is a member of an owned container owned as well?"""
        known = self._members.get(id(member))
        if known is None or known[0] is not member or known[1] is not parent:
            return False
        if parent is self.root:
            self.recent = member
        return True

    def members(self) -> list[Value]:
        """The containers below the root that are remembered; some may have been replaced since."""
        return [member for member, _ in self._members.values()]

    # Giving up -----------------------------------------------------------------------------------------------------

    def escape(self, value: Value) -> Value:
        """What the variable holds is read by something that may keep it: nothing is owned any more. Returns it."""
        self._forget()
        return value

    def release(self, value: Value) -> Value:
        """A value below the variable is read by something that may keep it: it is not owned any more. Returns it."""
        if (value.__class__ is list or value.__class__ is dict) and self._members:
            self._members.pop(id(value), None)
            self.recent = None
        return value

    def release_found(self, value: Value) -> Value:
        """What a filter has found in the value, kept: that value itself, a member, or a new container of members."""
        if value.__class__ is list or value.__class__ is dict:
            if value is self.root:
                self._forget()
            elif self._members and self._members.pop(id(value), None) is None:
                self._members.clear()
            self.recent = None
        return value

    def _forget(self) -> None:
        self.root = self.recent = None
        if self._members:
            self._members.clear()
            self._weight, self._limit = 0, _LEAST_WEIGHT

    def _prune(self) -> None:
        """Let go of members that were replaced. It takes no longer than the copies made since the last time."""
        members, self._members = self._members, {}
        self._weight = 0
        pending = [self.root]
        while pending:
            parent = pending.pop()
            self._weight += len(parent) + 1
            for member in parent.values() if parent.__class__ is dict else parent:
                known = members.get(id(member))
                if known is not None and known[0] is member and known[1] is parent:
                    self._members[id(member)] = known
                    pending.append(member)
        self._limit = 2 * self._weight + _LEAST_WEIGHT
