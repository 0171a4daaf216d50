// SPDX-License-Identifier: MIT
// agent/win32/open_port.cpp
//
// Which kind of port is used: the system's, but for ReactOS where a process may use the UART.
#include "agent/win32/log.hpp"
#include "agent/win32/serial_port.hpp"
#include "agent/win32/system.hpp"
#include "agent/win32/uart_port.hpp"

namespace rundown::win32
{

namespace
{

/// Decided once: the writer knows one of them from then on.
Port &
choose_port(const std::string &name)
{
    if (UartPort::is_usable(name)) {
        log_line(name + " is used without the system's driver");
        static UartPort uart;
        return uart;
    }
    if (system_version().is_reactos)
        log_line(
            name + " is used with the system's driver, which may go deaf: only a service may do "
                   "without it");
    static SerialPort serial;
    return serial;
}

} // namespace

Port &
port_of_this_system(const std::string &name)
{
    static Port &port = choose_port(name);
    return port;
}

} // namespace rundown::win32
