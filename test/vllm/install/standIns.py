"""Lets torch's build for CUDA, the only one on PyPI, be imported on a machine without NVIDIA's libraries (2.7 GB).

usage: standIns.py SITE_PACKAGES

Writes beside torch's libraries small ones with the names, versions and functions that those ask for. Each function
returns -1 and is never called where there is no GPU. libcudart and libcupti (5 MB) stay real: torch calls them when it
is loaded. Needs gcc, readelf and nm.
"""
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

# Which library has the functions of a prefix, where no symbol version says it. The longer prefix comes first.
LIBRARY_BY_PREFIX = [
    ("nvshmem", "libnvshmem_host"),
    ("cublasLt", "libcublasLt"),
    ("cublas", "libcublas.so"),
    ("cudnn", "libcudnn"),
    ("cufft", "libcufft"),
    ("curand", "libcurand"),
    ("cusparseLt", "libcusparseLt"),
    ("cusparse", "libcusparse.so"),
    ("cusolver", "libcusolver"),
    ("nccl", "libnccl"),
    ("nvrtc", "libnvrtc"),
    ("cuFile", "libcufile"),
    ("nvJitLink", "libnvJitLink"),
]
STOOD_IN_FOR = re.compile(r"lib(cublas|cublasLt|cudnn|cufft|cufile|curand|cusolver|cusparse|cusparseLt|nccl|nvrtc|nvshmem_host|nvJitLink)\.so")
UNVERSIONED = ""


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def version_owners(library):
    """Which needed library defines each symbol version that this one asks for."""
    owners, current = {}, None
    for line in output("readelf", "-VW", library).splitlines():
        if file := re.search(r"File: (\S+)", line):
            current = file[1]
        if version := re.search(r"Name: (\S+)\s+Flags: .*Version: (\d+)", line):
            owners.setdefault(version[1], current)
    return owners


def wanted_symbols(folder):
    """What torch's libraries ask of those that are missing: soname -> version -> names."""
    wanted = defaultdict(lambda: defaultdict(set))
    unversioned = set()
    for library in sorted(folder.glob("lib*.so")):
        needed = [name for name in re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-dW", library)) if STOOD_IN_FOR.match(name)]
        if not needed:
            continue
        for soname in needed:
            wanted[soname][UNVERSIONED].update()
        owners = version_owners(library)
        for line in output("nm", "-D", "--undefined-only", library).splitlines():
            name, _, version = line.split()[-1].partition("@")
            version = version.lstrip("@")
            if version and STOOD_IN_FOR.match(owners.get(version, "")):
                wanted[owners[version]][version].add(name)
            elif not version:
                unversioned.add(name)
    for name in unversioned:
        start = next((start for prefix, start in LIBRARY_BY_PREFIX if name.startswith(prefix)), None)
        for soname in [each for each in wanted if start is not None and each.startswith(start)]:
            wanted[soname][UNVERSIONED].add(name)
    return wanted


def write_library(path, versions, scratch):
    names = sorted(set().union(*versions.values()))
    source = scratch / "library.c"
    source.write_text("".join(f"int {name}(void){{return -1;}}\n" for name in names) or "int unused;\n")
    command = ["gcc", "-O1", "-w", "-shared", "-fPIC", "-fno-builtin", source, f"-Wl,-soname,{path.name}", "-o", path]
    versioned = {version: symbols for version, symbols in versions.items() if version != UNVERSIONED}
    if versioned:
        script = scratch / "library.map"
        script.write_text("".join(f"{version} {{ global: {' '.join(f'{name};' for name in sorted(symbols))} }};\n" for version, symbols in versioned.items()))
        command.append(f"-Wl,--version-script={script}")
    subprocess.run(command, check=True)


folder = Path(sys.argv[1]) / "torch" / "lib"
with tempfile.TemporaryDirectory() as scratch:
    for soname, versions in sorted(wanted_symbols(folder).items()):
        write_library(folder / soname, versions, Path(scratch))
