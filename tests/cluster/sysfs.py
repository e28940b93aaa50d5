# SPDX-License-Identifier: Apache-2.0
"""Fake sysfs trees: a folder that looks to a program like sys/ and proc/ of a machine.

`read_machine` takes a machine from hwloc XML (tests/machines/made), so that what
is discovered in the tree can be held against what is imported from the file
(tests/unit/discover/test_fake.c); `Tree` makes the folder and changes it while
programs read it, as hardware does. `sysfs.py XML FOLDER` makes one by hand.
"""

import dataclasses
import os
import shutil
import struct
import sys
import uuid
import xml.etree.ElementTree

# GT/s -> GB/s of one lane (after the line code), PCIe 1.0 to 5.0.
LANE = {"2.5": 0.25, "5.0": 0.5, "8.0": 8 * 128 / 130 / 8, "16.0": 16 * 128 / 130 / 8,
        "32.0": 32 * 128 / 130 / 8}
WIDTHS = (16, 8, 4, 2, 1)
DRIVERS = {0x10de: "nvidia", 0x19e5: "devdrv_device_driver", 0x15b3: "mlx5_core",
           0x144d: "nvme", 0x1000: "pcieport", 0x8086: "pcieport"}
XILINX = {0: "xclmgmt", 1: "xocl"}      # by function: management, user
NVIDIA, HUAWEI, AMD_XILINX = 0x10de, 0x19e5, 0x10ee


@dataclasses.dataclass
class Link:
    """A PCIe link, as its two files show it."""

    speed: str      # "16.0"
    width: int

    @staticmethod
    def of(gbps, like=None):
        """The link with that many GB/s, as one generation with `like` where that can be."""
        if gbps <= 0:
            return None
        found = [Link(speed, width) for speed, lane in LANE.items() for width in WIDTHS
                 if abs(lane * width - gbps) < 0.01]
        if not found:
            raise ValueError(f"no PCIe link has {gbps} GB/s")
        same = [link for link in found if like and link.speed == like.speed]
        return (same or sorted(found, key=lambda link: -link.width))[0]


@dataclasses.dataclass
class Function:
    """A PCI function."""

    address: str
    above: tuple            # root bus ("pci0000:16"), then the functions above it
    class_id: int
    vendor: int
    device: int
    subvendor: int = 0
    subdevice: int = 0
    revision: int = 0
    numa: int = -1
    current: Link = None
    maximum: Link = None
    buses: tuple = None     # of a bridge: secondary, subordinate
    names: tuple = ()       # names of the kernel's devices
    uuid: str = ""          # NVIDIA

    @property
    def path(self):
        return "/".join((*self.above, self.address))

    @property
    def driver(self):
        if self.vendor == AMD_XILINX:
            return XILINX.get(int(self.address[-1]))
        if self.class_id == 0x0604:
            return "pcieport"
        return DRIVERS.get(self.vendor)


@dataclasses.dataclass
class Machine:
    """What a tree is made from. `packages` is {package: [(NUMA node, MiB)]}."""

    product: str
    cpu_vendor: str
    cpu_model: str
    packages: dict
    functions: list

    def devices(self, vendor, class_id=None):
        """The functions of one vendor that are no bridges, by address."""
        return sorted((f for f in self.functions
                       if f.vendor == vendor and f.buses is None
                       and class_id in (None, f.class_id)), key=lambda f: f.address)


def made_uuid(seed, address):
    """A UUID as NVIDIA's are written, always the same for a node and an address."""
    return "GPU-" + str(uuid.uuid5(uuid.NAMESPACE_OID, f"{seed}/{address}"))


def read_machine(text, seed="", full_links=False):
    """A machine from the text of an hwloc XML file.

    `seed` tells the UUIDs of one node's GPUs from another's; with `full_links`
    every link runs at its maximum.
    """
    root = xml.etree.ElementTree.fromstring(text)
    top = root.find("object")
    infos = {info.get("name"): info.get("value") for info in root.iter("info")}
    machine = Machine(infos.get("DMIProductName", ""), infos.get("CPUVendor", ""),
                      infos.get("CPUModel", ""), {}, [])
    for package in top.iter("object"):
        if package.get("type") == "Package":
            machine.packages[int(package.get("os_index"))] = [
                (int(node.get("os_index")), int(node.get("local_memory", "0")) >> 20)
                for node in package.iter("object") if node.get("type") == "NUMANode"]
    _read_children(machine, top, (), -1, seed, full_links)
    return machine


def _read_children(machine, parent, above, numa, seed, full_links):
    if parent.get("nodeset"):
        nodes = int(parent.get("nodeset").replace(",0x", ""), 16)
        numa = nodes.bit_length() - 1 if nodes.bit_count() == 1 else -1
    for child in parent.findall("object"):
        below = above
        if child.get("bridge_type", "").startswith("0-"):
            domain, buses = child.get("bridge_pci").split(":")
            below = (f"pci{domain}:{buses[1:3]}",)
        elif child.get("type") in ("Bridge", "PCIDev"):
            machine.functions.append(_function(child, above, numa, seed, full_links))
            below = (*above, child.get("pci_busid"))
        _read_children(machine, child, below, numa, seed, full_links)


def _function(element, above, numa, seed, full_links):
    class_id, ids, sub, revision = element.get("pci_type").split()
    vendor, device = (int(part, 16) for part in ids.strip("[]").split(":"))
    subvendor, subdevice = (int(part, 16) for part in sub.strip("[]").split(":"))
    names = [o for o in element.findall("object") if o.get("type") == "OSDev"]
    infos = {info.get("name"): info.get("value")
             for each in (element, *names) for info in each.findall("info")}
    now = float(element.get("pci_link_speed", "0"))
    maximum = Link.of(float(infos.get("MaxLinkSpeed", now)))
    found = Function(element.get("pci_busid"), above, int(class_id, 16), vendor, device, subvendor,
                     subdevice, int(revision, 16), numa, Link.of(now, maximum), maximum)
    if full_links:
        found.current = maximum
    if element.get("type") == "Bridge":
        first, last = element.get("bridge_pci").split(":")[1].strip("[]").split("-")
        found.buses = (int(first, 16), int(last, 16))
    found.names = tuple(o.get("name") for o in names)
    if vendor == NVIDIA and found.class_id in (0x0300, 0x0302):
        found.uuid = infos.get("NVIDIAUUID") or made_uuid(seed, found.address)
    return found


# ---- the folder

AER = {"correctable": ("RxErr", "BadTLP", "BadDLLP", "Rollover", "Timeout", "NonFatalErr",
                       "CorrIntErr", "HeaderOF", "TOTAL_ERR_COR"),
       "nonfatal": ("Undefined", "DLP", "SDES", "TLP", "FCP", "CmpltTO", "CmpltAbrt",
                    "UnxCmplt", "RxOF", "MalfTLP", "ECRC", "UnsupReq", "TOTAL_ERR_NONFATAL"),
       "fatal": ("Undefined", "DLP", "SDES", "TLP", "FCP", "CmpltTO", "CmpltAbrt",
                 "UnxCmplt", "RxOF", "MalfTLP", "ECRC", "UnsupReq", "TOTAL_ERR_FATAL")}
NODE_METER = "sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI000D:00/hwmon/hwmon0"
CPUS_PER_NODE = 4


class Tree:
    """The folder `root`, which a program takes for /. Files change whole, by a rename."""

    def __init__(self, root, machine, boot_id=None):
        self.root = root
        self.machine = machine
        self.functions = {f.address: f for f in machine.functions}
        self.errors = {}    # address -> {kind: {counter: value}}
        self.monitors = {}  # address -> folder of its hwmon
        self.classes = {}   # address -> {link below sys/class: its target}
        self._cpus()
        self._texts(boot_id or str(uuid.uuid4()))
        for function in machine.functions:
            self._function(function)
        self._power()

    # ---- small tools

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, path, content):
        """Replaces a file; `path` is below the root."""
        full = self.path(path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        temporary = os.path.join(self.root, ".new")
        with open(temporary, "wb") as file:
            file.write(content if isinstance(content, bytes) else f"{content}\n".encode())
        os.rename(temporary, full)

    def link(self, path, target):
        """A link from `path` to `target`, both below the root, relative as sysfs has them."""
        full = self.path(path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        temporary = os.path.join(self.root, ".new")
        os.symlink(os.path.relpath(self.path(target), os.path.dirname(full)), temporary)
        os.rename(temporary, full)

    def class_link(self, address, path, target):
        """A link below sys/class, which comes and goes with the function."""
        self.classes.setdefault(address, {})[path] = target
        self.link(path, target)

    def folder(self, address):
        """Where a function's files are, below the root."""
        return "sys/devices/" + self.functions[address].path

    # ---- what there is

    def _cpus(self):
        cpus, nodes, everything = 0, [], sum(len(n) for n in self.machine.packages.values())
        for package, places in sorted(self.machine.packages.items()):
            for node, mib in places:
                first, last = cpus, cpus + CPUS_PER_NODE - 1
                for cpu in range(first, last + 1):
                    self._cpu(cpu, package, first, last)
                folder = f"sys/devices/system/node/node{node}"
                self.write(f"{folder}/cpulist", f"{first}-{last}")
                self.write(f"{folder}/cpumap", mask(first, last))
                self.write(f"{folder}/distance",
                           " ".join("10" if n == node else "21" for n in range(everything)))
                self.write(f"{folder}/meminfo", f"Node {node} MemTotal:       {mib << 10} kB\n"
                           f"Node {node} MemFree:        {mib << 9} kB")
                nodes.append(node)
                cpus = last + 1
        for name in ("online", "possible", "present"):
            self.write(f"sys/devices/system/cpu/{name}", f"0-{cpus - 1}")
        for name in ("online", "possible", "has_cpu", "has_memory", "has_normal_memory"):
            self.write(f"sys/devices/system/node/{name}", f"{min(nodes)}-{max(nodes)}")
        self.write("proc/cpuinfo", "\n\n".join(
            f"processor\t: {cpu}\nvendor_id\t: {self.machine.cpu_vendor}\n"
            f"model name\t: {self.machine.cpu_model}" for cpu in range(cpus)))

    def _cpu(self, cpu, package, first, last):
        folder = f"sys/devices/system/cpu/cpu{cpu}"
        own, all_of_it = mask(cpu, cpu), mask(first, last)
        for name, value in (("physical_package_id", package), ("core_id", cpu - first),
                            ("thread_siblings", own), ("thread_siblings_list", cpu),
                            ("core_cpus", own), ("core_cpus_list", cpu),
                            ("core_siblings", all_of_it), ("package_cpus", all_of_it)):
            self.write(f"{folder}/topology/{name}", value)
        self.write(f"{folder}/online", 1)

    def _texts(self, boot_id):
        self.write("sys/class/dmi/id/product_name", self.machine.product)
        self.write("proc/sys/kernel/random/boot_id", boot_id)
        self.write("proc/mounts", b"")

    def reboot(self):
        """The machine has another boot id."""
        self.write("proc/sys/kernel/random/boot_id", str(uuid.uuid4()))

    def _function(self, f):
        folder = self.folder(f.address)
        for name, value in (("class", f"0x{f.class_id:04x}00"), ("vendor", f"0x{f.vendor:04x}"),
                            ("device", f"0x{f.device:04x}"),
                            ("subsystem_vendor", f"0x{f.subvendor:04x}"),
                            ("subsystem_device", f"0x{f.subdevice:04x}"),
                            ("revision", f"0x{f.revision:02x}"), ("numa_node", f.numa),
                            ("local_cpulist", "{}-{}".format(*self._local_cpus(f.numa))),
                            ("local_cpus", mask(*self._local_cpus(f.numa))), ("enable", 1),
                            ("power_state", "D0"),
                            ("config", config_space(f))):
            self.write(f"{folder}/{name}", value)
        if f.buses:
            self.write(f"{folder}/secondary_bus_number", f.buses[0])
            self.write(f"{folder}/subordinate_bus_number", f.buses[1])
        self._link_files(f)
        if f.maximum:
            self.aer(f.address)
        if f.driver:
            self.set_driver(f.address, f.driver)
        self._names(f)
        self.link(f"sys/bus/pci/devices/{f.address}", folder)

    def _local_cpus(self, numa):
        nodes = [n for _, places in sorted(self.machine.packages.items()) for n, _ in places]
        if numa not in nodes:
            return 0, len(nodes) * CPUS_PER_NODE - 1
        first = nodes.index(numa) * CPUS_PER_NODE
        return first, first + CPUS_PER_NODE - 1

    def _link_files(self, f):
        folder = self.folder(f.address)
        for which, link in (("current", f.current), ("max", f.maximum)):
            if link:
                self.write(f"{folder}/{which}_link_speed", f"{link.speed} GT/s PCIe")
                self.write(f"{folder}/{which}_link_width", link.width)

    def _names(self, f):
        """The kernel's devices, as far as the kernel has them: NVML's and the like are no files."""
        folder = self.folder(f.address)
        for name in f.names:
            kind = next((k for prefix, k in (("mlx5_", "infiniband"), ("rdmap", "infiniband"),
                                             ("ib", "net"), ("en", "net"), ("card", "drm"))
                         if name.startswith(prefix)), None)
            if kind:
                os.makedirs(self.path(folder, kind, name), exist_ok=True)
                self.link(f"{folder}/{kind}/{name}/device", folder)
                self.class_link(f.address, f"sys/class/{kind}/{name}", f"{folder}/{kind}/{name}")
        if f.vendor == HUAWEI and f.class_id == 0x1200:
            number = [g.address for g in self.machine.devices(HUAWEI, 0x1200)].index(f.address)
            device = f"{folder}/davinci/davinci{number}"
            os.makedirs(self.path(device), exist_ok=True)
            self.link(f"{device}/device", folder)
            self.class_link(f.address, f"sys/class/davinci/davinci{number}", device)
        if f.uuid:
            self.write(f"proc/driver/nvidia/gpus/{f.address}/information",
                       f"Model: \t\t NVIDIA A100 80GB PCIe\nIRQ:   \t\t 0\n"
                       f"GPU UUID: \t {f.uuid}\nVideo BIOS: \t 92.00.90.00.01\n"
                       f"Bus Type: \t PCIe\nDMA Size: \t 47 bits\nDMA Mask: \t 0x7fffffffffff\n"
                       f"Bus Location: \t {f.address}\nDevice Minor: \t 0")

    def _power(self):
        """Meters: the node's (ACPI), the packages' (RAPL), and those of the FPGAs."""
        self.write(f"{NODE_METER}/name", "power_meter")
        self.write(f"{NODE_METER}/power1_average_interval", 1000)
        self.link("sys/class/hwmon/hwmon0", NODE_METER)
        self.set_node_power(800, cap_watts=3200)
        for package in self.machine.packages:
            zone = f"sys/devices/virtual/powercap/intel-rapl/intel-rapl:{package}"
            for name, value in (("name", f"package-{package}"), ("energy_uj", 0),
                                ("max_energy_range_uj", 262143328850),
                                ("constraint_0_name", "long_term"),
                                ("constraint_0_power_limit_uw", 250_000_000),
                                ("constraint_0_max_power_uw", 250_000_000)):
                self.write(f"{zone}/{name}", value)
            self.link(f"sys/class/powercap/intel-rapl:{package}", zone)
        for function in self.machine.devices(AMD_XILINX):
            if function.address.endswith(".1"):
                self.set_power(function.address, 25)

    # ---- what changes

    def drop(self, *addresses):
        """The functions are lost: the bus no longer has them."""
        for address in addresses:
            os.makedirs(self.path(".lost"), exist_ok=True)
            os.unlink(self.path("sys/bus/pci/devices", address))
            for path in self.classes.get(address, {}):
                os.unlink(self.path(path))
            os.rename(self.path(self.folder(address)), self.path(".lost", address))
            information = self.path("proc/driver/nvidia/gpus", address)
            if os.path.exists(information):
                os.rename(information, self.path(".lost", address + ".nvidia"))

    def restore(self, *addresses):
        """The functions that were lost are there again."""
        for address in addresses:
            os.rename(self.path(".lost", address), self.path(self.folder(address)))
            self.link(f"sys/bus/pci/devices/{address}", self.folder(address))
            for path, target in self.classes.get(address, {}).items():
                self.link(path, target)
            information = self.path(".lost", address + ".nvidia")
            if os.path.exists(information):
                os.rename(information, self.path("proc/driver/nvidia/gpus", address))

    def set_link(self, address, speed=None, width=None):
        """Changes a function's current link: `speed` like "8.0" (GT/s), `width` in lanes."""
        now = self.functions[address].current
        self.functions[address].current = Link(speed or now.speed, width or now.width)
        self._link_files(self.functions[address])

    def aer(self, address, **more):
        """Counts errors: aer("0000:33:00.0", correctable={"BadTLP": 3}). Totals add up."""
        counts = self.errors.setdefault(
            address, {kind: dict.fromkeys(names, 0) for kind, names in AER.items()})
        for kind, added in more.items():
            for name, count in added.items():
                counts[kind][name] += count
                counts[kind][AER[kind][-1]] += count
        for kind, values in counts.items():
            self.write(f"{self.folder(address)}/aer_dev_{kind}",
                       "\n".join(f"{name} {value}" for name, value in values.items()))

    def set_driver(self, address, driver):
        """Binds a driver, or none ("")."""
        path = f"{self.folder(address)}/driver"
        if driver:
            os.makedirs(self.path("sys/bus/pci/drivers", driver), exist_ok=True)
            self.link(path, f"sys/bus/pci/drivers/{driver}")
        elif os.path.islink(self.path(path)):
            os.unlink(self.path(path))

    def set_power(self, address, watts, cap_watts=None):
        """What a function's own sensor (hwmon) says; it gets one."""
        if address not in self.monitors:
            number = len(self.monitors) + 1     # hwmon0 is the node's
            self.monitors[address] = f"{self.folder(address)}/hwmon/hwmon{number}"
            self.write(f"{self.monitors[address]}/name", self.functions[address].driver or "dev")
            self.link(f"{self.monitors[address]}/device", self.folder(address))
            self.class_link(address, f"sys/class/hwmon/hwmon{number}", self.monitors[address])
        self._watts(self.monitors[address] + "/power1_input", watts)
        if cap_watts is not None:
            self._watts(self.monitors[address] + "/power1_cap", cap_watts)

    def set_node_power(self, watts, cap_watts=None):
        """What the node's meter (ACPI) says."""
        self._watts(f"{NODE_METER}/power1_average", watts)
        if cap_watts is not None:
            self._watts(f"{NODE_METER}/power1_cap", cap_watts)
            self._watts(f"{NODE_METER}/power1_cap_max", cap_watts)

    def _watts(self, path, watts):
        self.write(path, int(watts * 1_000_000))

    def spend(self, package, joules):
        """Moves a package's energy counter (RAPL) on; it wraps at its range."""
        zone = f"sys/devices/virtual/powercap/intel-rapl/intel-rapl:{package}"
        with open(self.path(zone, "max_energy_range_uj"), encoding="ascii") as file:
            limit = int(file.read())
        with open(self.path(zone, "energy_uj"), encoding="ascii") as file:
            now = int(file.read())
        self.write(f"{zone}/energy_uj", (now + int(joules * 1_000_000)) % limit)

    def remove(self):
        shutil.rmtree(self.root)


def mask(first, last):
    """CPUs as sysfs writes a set of them: words of 32 bits, the highest first."""
    bits = (1 << last + 1) - (1 << first)
    words = [f"{bits >> shift & 0xffffffff:08x}" for shift in range(0, last + 1, 32)]
    return ",".join(reversed(words))


def config_space(f):
    """The first 64 bytes of a function's configuration space."""
    data = bytearray(64)
    struct.pack_into("<HH", data, 0x00, f.vendor, f.device)
    data[0x08] = f.revision
    data[0x0a], data[0x0b] = f.class_id & 0xff, f.class_id >> 8
    if f.buses:
        data[0x0e] = 1
        bus = int(f.address.split(":")[1], 16)
        data[0x18:0x1b] = bytes((bus, *f.buses))
    else:
        struct.pack_into("<HH", data, 0x2c, f.subvendor, f.subdevice)
    return bytes(data)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        Tree(sys.argv[2], read_machine(source.read()))
