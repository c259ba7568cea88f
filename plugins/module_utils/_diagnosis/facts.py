# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login check needs to know of a host: plain records that the reading side fills and the judging side reads.

Note that this module util is **PRIVATE** to the collection. It is pure: no files, no network, no clock.
"""

from typing import Dict, FrozenSet, NamedTuple, Optional, Tuple

from .._openssh.certificates import Certificate
from .._openssh.keys import PublicKey
from .._openssh.sshd_config import Directive
from .._system.accounts import Shadow
from .._system.records import Listening, Node


class Request(NamedTuple):
    """What was asked: whose login, with which key, from where. None means that it isn't known."""

    user: str
    key: Optional[PublicKey] = None
    address: Optional[str] = None
    port: Optional[int] = None
    now: str = ""
    """Local time as YYYYMMDDHHMMSS, the form of expiry-time."""
    now_utc: str = ""
    today: int = 0
    """Days since 1970-01-01, the form of /etc/shadow."""
    weekday: int = 0
    """Of the local time; 0 is Monday."""
    local_address: str = ""
    """The address of this host that the login goes to."""
    certificate: Optional[Certificate] = None
    """The certificate that was given; the key is then the one in it."""
    name: str = ""
    """What the address resolves to, where this sshd looks it up."""
    came_by: int = 0
    """The port at which this run itself arrived from that address; 0 where it did not."""
    session: str = "command"
    """What the login is for: command, shell (in a terminal) or sftp."""


class AccountFacts(NamedTuple):
    """An account as the system's name service knows it."""

    found: bool = False
    similar: Tuple[str, ...] = ()
    uid: int = -1
    gid: int = -1
    home: str = ""
    shell: str = ""
    local: bool = True
    password_field: str = ""
    """The second field of /etc/passwd: x sends the reader to /etc/shadow."""
    groups: Tuple[str, ...] = ()
    shadow: Optional[Shadow] = None
    shell_node: Node = Node("")
    shell_executable: bool = True
    other_shell: str = ""
    """Another shell that the account may execute and that /etc/shells lists."""
    shell_closed_at: Optional[Node] = None
    """The directory on the way to the shell that the account cannot enter."""
    shell_foreign: bool = False
    """Whether it is a program for a processor of another kind."""
    shell_unknown: bool = False
    """Whether it is none of the usual shells, nor a copy of one."""
    shell_interpreter: str = ""
    """The program that a shell which is a script names in its first line, where that program does not exist."""
    passwd_line: Tuple[int, str] = (0, "")
    """Number and text of the account's line in /etc/passwd, read only where the name service does not know the account."""
    name_sources: str = ""
    """The sources that /etc/nsswitch.conf lists for passwd."""
    shells: Tuple[str, ...] = ()
    nologin: Tuple[Tuple[str, str], ...] = ()
    """Path and first line of each file whose existence disables logins."""
    home_node: Node = Node("")
    other_homes: Tuple[str, ...] = ()
    """Homes of other accounts."""
    plain_groups: Tuple[str, ...] = ()
    """Groups that exist, have a number above those of the system and stand in no rule of sudo."""


class KeyFileFacts(NamedTuple):
    """One file that sshd would read keys from, tried with the rights of the account."""

    path: str
    status: str = "missing"  # ok, missing, denied, not_regular, loop, error
    nodes: Tuple[Node, ...] = ()
    """From / down to the file as the path is written; the last is the first that is missing or refuses."""
    secured: Tuple[Node, ...] = ()
    """The resolved file and its directories up to the home (or /): what StrictModes looks at."""
    blocked_at: str = ""
    """The directory that the account cannot pass, when the status is denied."""
    content: bytes = b""
    """Its content; where the account cannot read it, only the key in question, if it is in the file."""
    error: str = ""
    shared: bool = False
    """Whether sshd also reads it for another account."""
    seen_by_sshd: str = "same"
    """What the listener finds at that path, where it has mounts of its own: same, missing, other."""


class Answer(NamedTuple):
    """The answer of a program to one question; C(yes) is None where it was not asked, C(why) the reason."""

    yes: Optional[bool] = None
    why: str = ""
    """The program's own words where it refuses."""
    place: str = ""
    """FILE:LINE of what decided, where it is known."""
    relevant: bool = True
    """Whether a login depends on it at all."""
    late: bool = False
    """Whether it had not ended when its time was over."""


NOTHING_TO_ASK = Answer(relevant=False)


class KeyCommandFacts(NamedTuple):
    """AuthorizedKeysCommand; its answer only where it was run by us and not by sshd."""

    command: str = ""
    nodes: Tuple[Node, ...] = ()
    user: str = ""
    user_exists: bool = True
    ran: bool = False
    status: int = 0
    output: bytes = b""
    error: str = ""


class UnitState(NamedTuple):
    """One unit of systemd's."""

    name: str
    load: str
    active: str
    enabled: str
    ports: Tuple[int, ...] = ()
    """Where the service manager listens for it."""


class HostKey(NamedTuple):
    """A host key file and what is wrong with it, empty for nothing."""

    path: str
    problem: str


class ServerFacts(NamedTuple):
    """The sshd of this host and what it reports about its own configuration."""

    program: str = ""
    config: str = ""
    options: Tuple[str, ...] = ()
    """Those that the host starts it with."""
    error: str = ""
    """What sshd -t complains about; empty when it accepts the configuration."""
    unit: str = ""
    """The unit that a person would start or reload."""
    unit_states: Tuple[UnitState, ...] = ()
    listener: int = 0
    listener_state: str = ""
    listener_options: Tuple[str, ...] = ()
    loaded_at: float = 0.0
    changed_at: float = 0.0
    changed_path: str = ""
    startups: Optional[Tuple[int, int]] = None
    """Logins under way and how many of them are the limit, from the listener's process title."""
    listening: Tuple[Listening, ...] = ()
    foreign: Tuple[str, ...] = ()
    """Addresses that it must listen on and that this host does not have."""
    host_keys: Tuple[HostKey, ...] = ()
    keeps_host_keys: bool = False
    """Whether the listener hands its host keys on (since 9.8), instead of each connection reading them anew."""
    missing_helper: str = ""
    """A program of sshd's own that does not exist or cannot be executed."""
    privsep_missing: str = ""
    """The directory that sshd needs and that does not exist."""
    directives: Tuple[Directive, ...] = ()
    effective: Dict[str, Tuple[str, ...]] = {}
    debian: bool = False
    not_to_be_run: bool = False
    fixed: FrozenSet[str] = frozenset()
    """Files that the configuration consists of or names, where only root can put and write them."""
    log: Tuple[str, ...] = ()
    own_mounts: bool = False
    """Whether the listener has a mount namespace of its own, so that it may see other files than this process."""


class PamEntry(NamedTuple):
    """One line of a PAM stack, includes resolved."""

    kind: str
    control: str
    module: str
    arguments: Tuple[str, ...]
    place: str
    missing: bool = False
    file: str = ""
    """The module as the line names it."""


PAM_STAGES = {"account": "whether PAM accepts the account", "session": "whether PAM opens a session"}


class PamAnswer(NamedTuple):
    """The answer of PAM to one stage of a login."""

    stage: str = "account"
    answer: Answer = NOTHING_TO_ASK
    code: int = 0
    entry: Optional[PamEntry] = None
    """The line whose module refuses, asked alone."""


class PamFacts(NamedTuple):
    """The stack of the service sshd and the files that its modules read."""

    configured: bool = True
    service: str = "sshd"
    """The stack that applies: other, where sshd has none."""
    entries: Tuple[PamEntry, ...] = ()
    files: Dict[str, Optional[str]] = {}
    fixed: FrozenSet[str] = frozenset()
    """Those of the files that only root can put there and write."""
    answers: Tuple[PamAnswer, ...] = ()


class NetworkFacts(NamedTuple):
    """What may block an address before sshd sees it."""

    hosts_allow: str = ""
    hosts_deny: str = ""
    route_error: str = ""
    wrappers: Answer = NOTHING_TO_ASK
    filter: Answer = NOTHING_TO_ASK
    """The packet filter; C(place) is the rule that refuses."""
    sent_on_to: int = 0
    """The port of sshd that the packet filter sends the connection on to; 0 where it leaves it alone."""


class Mount(NamedTuple):
    """A file system that /etc/fstab wants below a path that a login depends on, and that is not mounted."""

    path: str
    source: str


class Disk(NamedTuple):
    """A file system that a login depends on."""

    path: str
    read_only: bool = False
    free: int = 1
    free_inodes: int = 1


class SessionFacts(NamedTuple):
    """What runs once the key has been accepted."""

    startup: Tuple[Tuple[str, str], ...] = ()
    """Path and text of files that the shell reads for every command that comes over SSH."""
    login_startup: Tuple[Tuple[str, str], ...] = ()
    """The same for files that it reads for a terminal."""
    rc: Tuple[Tuple[str, str], ...] = ()
    messages: Tuple[Tuple[str, str], ...] = ()
    """Scripts that pam_motd runs for the message of the day."""
    disks: Tuple[Disk, ...] = ()
    unmounted: Tuple[Mount, ...] = ()
    processes: int = 0
    logins: int = 0
    all_logins: int = 0
    chroot: Tuple[Node, ...] = ()
    chroot_shell: bool = True
    library_paths: Tuple[Tuple[str, str], ...] = ()
    """Where the environment of sessions gets an LD_LIBRARY_PATH that has libraries in it, and that path."""
    sftp_server: str = ""
    """The program for sftp that the shell starts; empty where sshd serves files itself, or where there is none."""
    sftp_server_missing: bool = False
    missing_programs: Tuple[str, ...] = ()
    """Programs that start-up files replace the shell with and that cannot be started."""
    missing_commands: FrozenSet[str] = frozenset()
    """Forced commands that cannot be started."""


class Facts(NamedTuple):
    """Everything together."""

    request: Request
    account: AccountFacts = AccountFacts()
    server: ServerFacts = ServerFacts()
    key_files: Tuple[KeyFileFacts, ...] = ()
    other_files: Tuple[Tuple[str, str], ...] = ()
    """Places (account, FILE:LINE) where the asked-for key stands although sshd does not read that file for this user."""
    command: KeyCommandFacts = KeyCommandFacts()
    revoked: Tuple[str, str, bool] = ("", "", False)
    """The RevokedKeys file, why it cannot be read, and whether it lists the key."""
    pam: PamFacts = PamFacts()
    network: NetworkFacts = NetworkFacts()
    key_answer: Answer = NOTHING_TO_ASK
    """sshd about the key, asked in a private copy of the connection."""
    session: SessionFacts = SessionFacts()
    selinux: Tuple[Tuple[str, str], ...] = ()
    """Paths whose SELinux type sshd may not read, with that type; empty where SELinux is off."""
    fips: bool = False
    root: bool = True
    """Whether the check ran as root: without it most files cannot be read."""

    def setting(self, keyword: str, default: str = "") -> str:
        """The value that sshd applies to this login."""
        values = self.server.effective.get(keyword)
        return values[0] if values else default

    def words(self, keyword: str) -> Tuple[str, ...]:
        """The same, for settings that are lists."""
        return tuple(word for value in self.server.effective.get(keyword, ()) for word in value.split())

    @property
    def port(self) -> int:
        """The port in question: the one that was asked about, or the first that sshd listens on."""
        return self.request.port or int((self.words("port") or ("22",))[0])

    @property
    def uses_pam(self) -> bool:
        """Whether sshd uses PAM; where its settings cannot be read, it most likely does."""
        return self.setting("usepam", "yes") == "yes"
