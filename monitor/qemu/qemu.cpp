#include "pvh/qemu/qemu.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "command_line.hpp"
#include "guest_files.hpp"
#include "pvh/run/supervisor.hpp"
#include "pvh/system/host_error.hpp"
#include "pvh/system/process.hpp"
#include "session.hpp"

namespace pvh::qemu {

namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(system::host_error("pipe", errno));
  return Pipe{.read_end = UniqueFd(ends[0]), .write_end = UniqueFd(ends[1])};
}

/// Our end only: QEMU's is another opening.
void never_block(const UniqueFd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

void Start::attach(std::vector<Device> devices, ReportDisk report) {
  options_.devices = std::move(devices);
  options_.report_disk = std::move(report);
}

Result<run::Outcome> Start::run(const run::Guest& guest, const run::Options& user) && {
  const boot::BootPlan& plan = *guest.plan;
  const Options& options = options_;
  if (const auto possible = check_limits(plan.memory_size, options); !possible)
    return std::unexpected(possible.error());
  const auto files = make_guest_files(plan);
  if (!files) return std::unexpected(files.error());

  auto input = make_pipe();
  auto output = make_pipe();
  auto messages = make_pipe();
  auto log = make_pipe();
  for (const auto* pipe : {&input, &output, &messages, &log})
    if (!*pipe) return std::unexpected(pipe->error());
  for (const auto* ours : {&input->write_end, &output->read_end, &messages->read_end, &log->read_end})
    never_block(*ours);
  int control[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
    return std::unexpected(system::host_error("pair of sockets", errno));
  UniqueFd our_control(control[0]);
  UniqueFd their_control(control[1]);

  std::vector<int> inherited(kInheritedCount);
  inherited[kInput] = input->read_end.get();
  inherited[kOutput] = output->write_end.get();
  inherited[kMessages] = messages->write_end.get();
  inherited[kMemoryFile] = files->memory.get();
  inherited[kRomFile] = files->rom.get();
  inherited[kControl] = their_control.get();
  inherited[kLog] = log->write_end.get();
  for (const int descriptor : descriptors_of(options.devices)) inherited.push_back(descriptor);

  // Before QEMU: from here on a signal no longer ends us with a child left to the kernel's mercy.
  run::Supervisor supervisor(user.input, user.output, user.timeout);
  auto process =
      system::Process::start(command_line(files->memory_size, options), inherited, Fault::kQemuMissing);
  if (!process) return std::unexpected(process.error());
  // QEMU has its own copies now; ours would keep the pipes from ending with it.
  input->read_end.reset();
  for (const auto pipe : {&output, &messages, &log}) (*pipe)->write_end.reset();
  their_control.reset();

  Session session(std::move(*process),
                  {.to_serial = std::move(input->write_end),
                   .from_serial = std::move(output->read_end),
                   .messages = std::move(messages->read_end),
                   .log = std::move(log->read_end),
                   .control = std::move(our_control)},
                  supervisor);
  session.report_disks_to(options.report_disk);
  return session.run();
}

}  // namespace pvh::qemu
