import socket
s=socket.create_connection(('10.79.0.1',8080)); s.sendall(b'7'*2000000); s.close()
