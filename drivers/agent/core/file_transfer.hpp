// SPDX-License-Identifier: MIT
// agent/core/file_transfer.hpp
//
// Files in chunks, one transfer in each direction a handle: a file being put is kept in memory
// until its hash agrees, and only then appears under its name. Chunks may come again, and in any
// order.
#pragma once
#include "agent/core/home.hpp"

namespace rundown::agent
{

class FileTransfers
{
  public:
    explicit FileTransfers(const Home &home) : home_(home)
    {
    }
    ~FileTransfers();
    FileTransfers(const FileTransfers &) = delete;
    FileTransfers &operator=(const FileTransfers &) = delete;

    /// True when the request was one of a file transfer; the response is filled then. Called from
    /// one thread.
    bool perform(const Request &request, Response &response);

    /// A new session: transfers of the old one are given up.
    void reset();

  private:
    static constexpr size_t kTransfers = 4;
    static constexpr uint64_t kBytesMax = 16 << 20;
    struct Transfer {
        uint32_t handle = 0; // 0: free.
        bool put = false;
        char name[sizeof(rundown_rpc_FilePutBegin::name)] = {};
        uint8_t sha256[32] = {};
        uint8_t *bytes = nullptr;
        size_t count = 0;
    };

    Transfer *find(uint32_t handle, bool put);
    Transfer *begin(bool put);
    void end(Transfer &transfer);
    void put_begin(const rundown_rpc_FilePutBegin &request, Response &response);
    void put_chunk(const rundown_rpc_FileChunk &request, Response &response);
    void put_end(const rundown_rpc_FileEnd &request, Response &response);
    void get_begin(const rundown_rpc_FileGet &request, Response &response);
    void get_chunk(const rundown_rpc_FileGetChunk &request, Response &response);

    const Home &home_;
    Transfer transfers_[kTransfers];
    uint32_t last_handle_ = 0;
};

} // namespace rundown::agent
