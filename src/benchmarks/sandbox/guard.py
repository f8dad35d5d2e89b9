"""Confines this process, then becomes the program that stands on its standard input.

Run as `python -I -S -c GUARD CONFIGURATION`, the configuration as JSON: `limits` (see limits.ts), `user` (the id to
become, or null) and `root` (what the file system shall hold, or null where something else has already seen to that).
With a `root` it must have a mount namespace of its own and be allowed to mount.
"""
import ctypes
import json
import os
import resource
import sys

# <sys/mount.h>, <linux/prctl.h>, <linux/securebits.h>
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS = 28, 38
SECBIT_NOROOT_LOCKED = 3
# statvfs's flags have the same values as mount's, up to these.
KEPT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | 8 | 1024 | 2048
DEVICES = ["/dev/null", "/dev/zero", "/dev/urandom"]
WORK = "/work"


def call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments}: {os.strerror(number)}")


def mount(source, target, kind, flags, data=None):
    call("mount", source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), data and data.encode())


def bind_read_only(source, target):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "a").close()
    mount(source, target, None, MS_BIND)
    # A user namespace may not take away flags that the mount has already.
    kept = os.statvfs(target).f_flag & KEPT_FLAGS
    mount(source, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | kept)


def enter_root(root, user):
    """A file system of nothing but the named paths, read-only, three devices and a small folder to work in."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    new = root["mountPoint"]
    mount("sandbox", new, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    for path in root["readOnly"]:
        if os.path.islink(path):
            os.makedirs(os.path.dirname(new + path), exist_ok=True)
            os.symlink(os.readlink(path), new + path)
        elif os.path.exists(path):
            bind_read_only(path, new + path)
    os.makedirs(new + "/dev")
    for device in DEVICES:
        open(new + device, "w").close()
        mount(device, new + device, None, MS_BIND)
    os.makedirs(new + WORK)
    mount("work", new + WORK, "tmpfs", MS_NOSUID | MS_NODEV, f"size={root['workBytes']},mode=700")
    if user is not None:
        os.chown(new + WORK, user, user)
    mount(new, new, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    os.chdir(new)
    # The old root ends up on top of the new one, and is then detached.
    call("pivot_root", b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir(WORK)


def become(user):
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    elif os.getuid() == 0:
        # Root of a user namespace: without this, exec would give it all capabilities there again.
        call("prctl", PR_SET_SECUREBITS, ctypes.c_ulong(SECBIT_NOROOT_LOCKED), 0, 0, 0)
    if sys.platform == "linux":
        call("prctl", PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0)


def limit(limits):
    for name, value in [
        ("RLIMIT_CORE", 0),
        ("RLIMIT_CPU", limits["cpuSeconds"]),
        ("RLIMIT_AS", limits["memoryBytes"]),
        ("RLIMIT_FSIZE", limits["fileBytes"]),
        ("RLIMIT_NOFILE", limits["openFiles"]),
        ("RLIMIT_NPROC", limits["processes"]),
    ]:
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):
            # Not known here (RLIMIT_AS on macOS). Whether memory is held is found out by trying: see probe.ts.
            pass


def main():
    configuration = json.loads(sys.argv[1])
    source = sys.stdin.buffer.read()
    if configuration["root"] is not None:
        enter_root(configuration["root"], configuration["user"])
    become(configuration["user"])
    with open("program.py", "wb") as program:
        program.write(source)
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    limit(configuration["limits"])
    os.execv(sys.executable, [sys.executable, "-I", "-B", "program.py"])


main()
