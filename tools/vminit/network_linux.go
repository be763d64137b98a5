package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// address is what the kernel's parameter ip= states: "ADDRESS:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF".
type address struct {
	ip, gateway, mask [4]byte
	device            string
}

// parseAddress parses the value of ip=. The zero address stands for a value without an address, such as "dhcp", which only
// the kernel can handle.
func parseAddress(value string) (address, error) {
	fields := strings.Split(value, ":")
	if len(fields) < 2 || fields[0] == "" {
		return address{}, nil
	}
	for len(fields) < 6 {
		fields = append(fields, "")
	}
	a := address{device: first(fields[5], "eth0")}
	for _, part := range []struct {
		name, text string
		optional   bool
		into       *[4]byte
	}{{"address", fields[0], false, &a.ip}, {"gateway", fields[2], true, &a.gateway}, {"netmask", fields[3], false, &a.mask}} {
		if part.text == "" && part.optional {
			continue
		}
		ip, err := netip.ParseAddr(part.text)
		if err != nil || !ip.Is4() {
			return address{}, fmt.Errorf("ip=%s: the %s %q is not an IPv4 address", value, part.name, part.text)
		}
		*part.into = ip.As4()
	}
	if len(a.device) >= syscall.IFNAMSIZ {
		return address{}, fmt.Errorf("ip=%s: the device name is too long", value)
	}
	return a, nil
}

// configureNetwork starts the loopback interface, and the interface of ip= if the kernel has not done so: many kernels do
// not know the parameter, or know it before the driver is loaded.
func configureNetwork(line words) error {
	a, err := parseAddress(line.value("ip"))
	if err != nil {
		attempt(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return named("network", err)
	}
	defer syscall.Close(fd)
	attempt(named("network: lo", up(fd, "lo")))
	// As in a container of Docker or Podman, a server that does not run as root may use ports below 1024. Kernels older than
	// 4.11 do not have the file.
	_ = os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte("0"), 0)
	if a.ip == [4]byte{} {
		return nil
	}
	return named("network: "+a.device, a.configure(fd))
}

// deviceTimeout is how long to wait for a driver.
const deviceTimeout = 2 * time.Second

func (a address) configure(fd int) error {
	for end := time.Now().Add(deviceTimeout); ; time.Sleep(10 * time.Millisecond) {
		_, err := flags(fd, a.device)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ENODEV) || time.Now().After(end) {
			return fmt.Errorf("%w; its driver must be in the kernel or in /.strata/modules", err)
		}
	}
	request := addressRequest{name: deviceName(a.device)}
	if ioctl(fd, syscall.SIOCGIFADDR, unsafe.Pointer(&request)) == nil {
		return nil // by the kernel
	}
	for _, step := range []struct {
		name    string
		request uintptr
		value   [4]byte
	}{{"address", syscall.SIOCSIFADDR, a.ip}, {"netmask", syscall.SIOCSIFNETMASK, a.mask}} {
		request.address = socketAddress(step.value)
		if err := ioctl(fd, step.request, unsafe.Pointer(&request)); err != nil {
			return named(step.name, err)
		}
	}
	if err := up(fd, a.device); err != nil || a.gateway == [4]byte{} {
		return err
	}
	route := routeRequest{
		destination: socketAddress([4]byte{}), mask: socketAddress([4]byte{}), gateway: socketAddress(a.gateway),
		flags: syscall.RTF_UP | syscall.RTF_GATEWAY,
	}
	return named("default route", ioctl(fd, syscall.SIOCADDRT, unsafe.Pointer(&route)))
}

// up starts an interface.
func up(fd int, device string) error {
	now, err := flags(fd, device)
	if err != nil {
		return err
	}
	request := flagsRequest{name: deviceName(device), flags: now | syscall.IFF_UP}
	return ioctl(fd, syscall.SIOCSIFFLAGS, unsafe.Pointer(&request))
}

func flags(fd int, device string) (uint16, error) {
	request := flagsRequest{name: deviceName(device)}
	err := ioctl(fd, syscall.SIOCGIFFLAGS, unsafe.Pointer(&request))
	return request.flags, err
}

// addressRequest and flagsRequest are forms of struct ifreq (netdevice(7)), and routeRequest is struct rtentry.
type (
	addressRequest struct {
		name    [syscall.IFNAMSIZ]byte
		address syscall.RawSockaddrInet4
		_       [8]byte
	}
	flagsRequest struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	routeRequest struct {
		_                          uintptr
		destination, gateway, mask syscall.RawSockaddrInet4
		flags                      uint16
		_                          int16
		_, _                       uintptr
		metric                     int16
		device                     uintptr
		mtu, window                uintptr
		irtt                       uint16
	}
)

func deviceName(name string) (b [syscall.IFNAMSIZ]byte) {
	copy(b[:], name)
	return b
}

func socketAddress(ip [4]byte) syscall.RawSockaddrInet4 {
	return syscall.RawSockaddrInet4{Family: syscall.AF_INET, Addr: ip}
}

func ioctl(fd int, request uintptr, value unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(value)); errno != 0 {
		return errno
	}
	return nil
}
